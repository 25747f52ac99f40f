import { describe, expect, it } from 'vitest';
import type { ContactInfo } from '../../index.ts';
import { type ContactColumn, NEAREST_FIRST, holdPlaces, reordered, sortContacts, stateOf } from './contact-order.ts';

const contact = (start: string, more: Partial<ContactInfo> = {}): ContactInfo => ({
  id: start.padEnd(40, '0'),
  name: undefined,
  bucket: 0,
  linked: false,
  virtual: false,
  sibling: false,
  rttMs: undefined,
  ...more,
});

const a = contact('a', { name: 'bee', bucket: 3, linked: true, rttMs: 20 });
const b = contact('b', { bucket: 5, virtual: true, sibling: true });
const c = contact('c', { name: 'ant', bucket: 3, rttMs: 5 });
const starts = (column: ContactColumn, isDescending = false): string =>
  sortContacts([c, b, a], { column, isDescending })
    .map(({ id }) => id.charAt(0))
    .join('');

describe('the table of contacts', () => {
  it('sorts by each column in both directions, equal ones by id', () => {
    expect(starts('id')).toBe('abc');
    expect(starts('id', true)).toBe('cba');
    expect(starts('bucket')).toBe('acb');
    expect(starts('bucket', true)).toBe('bac');
    expect(starts('state')).toBe('abc');
    expect(starts('sibling')).toBe('bac');
  });

  it('keeps those without a name or a round-trip time last in both directions', () => {
    expect(starts('name')).toBe('cab');
    expect(starts('name', true)).toBe('acb');
    expect(starts('rtt')).toBe('cab');
    expect(starts('rtt', true)).toBe('acb');
  });

  it('turns round when the same header is pressed again, and starts upwards with another', () => {
    expect(reordered(NEAREST_FIRST, 'rtt')).toEqual({ column: 'rtt', isDescending: false });
    expect(reordered({ column: 'rtt', isDescending: false }, 'rtt')).toEqual({ column: 'rtt', isDescending: true });
    expect(reordered({ column: 'rtt', isDescending: true }, 'rtt')).toEqual({ column: 'rtt', isDescending: false });
  });

  it('leaves contacts where they stood while somebody points at them, and puts new ones behind', () => {
    const order = { column: 'rtt', isDescending: false } as const;
    const quicker = { ...a, rttMs: 1 };
    expect(sortContacts([quicker, c], order)).toEqual([quicker, c]);
    expect(holdPlaces([quicker, b, c], [c.id, contact('d').id, a.id], order)).toEqual([c, quicker, b]);
  });

  it('calls a contact linked, virtual or known', () => {
    expect([a, b, c].map(stateOf)).toEqual(['linked', 'virtual', 'known']);
  });
});
