import { describe, expect, it } from 'vitest';
import { displayName, hueOf, idFraction, initialsOf } from './people.ts';

describe('peers as people see them', () => {
  it('sit on the ring by the top 32 bits of their ids', () => {
    expect(idFraction('0'.repeat(40))).toBe(0);
    expect(idFraction('8'.padEnd(40, '0'))).toBe(0.5);
    expect(idFraction('f'.repeat(40))).toBeLessThan(1);
    expect(idFraction('not hex')).toBe(0);
  });

  it('have a colour on the circle', () => {
    expect(hueOf('f'.repeat(40))).toBeGreaterThanOrEqual(0);
    expect(hueOf('f'.repeat(40))).toBeLessThan(360);
    expect(hueOf('?')).toBe(0);
  });

  it('go by their name, or by the start of the id when they have none', () => {
    expect(displayName({ id: 'a'.repeat(40), name: 'Amber Otter' })).toBe('Amber Otter');
    expect(displayName({ id: 'a'.repeat(40), name: '  ' })).toBe('aaaaaaaa');
    expect(displayName({ id: 'a'.repeat(40) })).toBe('aaaaaaaa');
  });

  it('cannot hide behind a name of which nothing is seen, nor turn round what stands behind it', () => {
    expect(displayName({ id: 'a'.repeat(40), name: '\u200b\u3164' })).toBe('aaaaaaaa');
    expect(displayName({ id: 'a'.repeat(40), name: '\u202eretto\nrebma' })).toBe('retto rebma');
  });

  it.each([
    ['Amber Otter', 'AO'],
    ['amber-otter', 'AO'],
    ['Zoë', 'Z'],
    ['🦊 fox', '🦊F'],
    ['', '?'],
    ['a b c d', 'AD'],
  ])('have initials: %s is %s', (name, initials) => {
    expect(initialsOf(name)).toBe(initials);
  });
});
