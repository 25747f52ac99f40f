import { afterEach, expect, it, vi } from 'vitest';
import { forgetLink } from './place.ts';

const REMOVED = 'a'.repeat(40);

afterEach(() => {
  vi.unstubAllGlobals();
});

/** What becomes of a page's address when `REMOVED` is taken from its list. */
function addressAfter(hash: string): string {
  const location = { pathname: '/skein/', search: '?name=ada', hash };
  let address = `${location.pathname}${location.search}${hash}`;
  const replaceState = (_state: unknown, _title: string, url: string): void => void (address = url);
  vi.stubGlobal('location', location);
  vi.stubGlobal('history', { state: null, replaceState });
  forgetLink(REMOVED);
  return address;
}

it('what was removed goes from the address, so that a reload does not begin it anew', () => {
  expect(addressAfter(`#f=${REMOVED}&n=film`)).toBe('/skein/?name=ada');
});

it.each([`#f=${'b'.repeat(40)}`, '#call=amber-otter.k7f3', ''])('an address with %j stays as it is', (hash) => {
  expect(addressAfter(hash)).toBe(`/skein/?name=ada${hash}`);
});
