import { describe, expect, it } from 'vitest';
import { readSettings } from './settings.ts';

describe('settings in the address', () => {
  it('are empty for a plain address', () => {
    expect(readSettings('')).toEqual({});
  });

  it('become join options', () => {
    expect(readSettings('?relay=1&name=Amber%20Otter&storage=memory&signaling=http://localhost:9/x')).toEqual({
      iceTransportPolicy: 'relay',
      name: 'Amber Otter',
      storage: 'memory',
      signaling: 'http://localhost:9',
    });
  });

  it('are ignored when they make no sense', () => {
    expect(readSettings('?relay=yes&name=%20&storage=disk&signaling=javascript:alert(1)')).toEqual({});
    expect(readSettings('?signaling=nonsense')).toEqual({});
  });

  it('take a whole number of links to aim for, or leave it out', () => {
    expect(readSettings('?links=5')).toEqual({ links: 5 });
    for (const query of ['?links=', '?links=many', '?links=4.5', '?links=-1']) expect(readSettings(query)).toEqual({});
  });
});
