import { beforeEach, expect, it, vi } from 'vitest';
import type { LinkInfo, Node } from '../../index.ts';
import { announcement } from './notices.ts';
import { watchNetwork } from './network.ts';

beforeEach(() => {
  vi.stubGlobal('document', { hidden: true, addEventListener: () => undefined });
  vi.useFakeTimers();
  announcement.value = '';
  return () => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  };
});

/** Links with peers of these names come up, one after the other; what the page says of each. */
function saidOf(...names: readonly string[]): string[] {
  const links: LinkInfo[] = [];
  let tell = (_link: LinkInfo): void => undefined;
  const on = (event: string, listener: typeof tell): void => {
    if (event === 'link') tell = listener;
  };
  watchNetwork({ links: () => links, on } as unknown as Node);
  return names.map((name, at) => {
    announcement.value = '';
    links.push({ id: String(at).repeat(40), name, path: 'direct', rttMs: undefined });
    tell(links[at] as LinkInfo);
    return announcement.value;
  });
}

it('the first links are told of, and not all those that a network of many brings at once', () => {
  const said = saidOf(...Array.from({ length: 20 }, (_, at) => `peer ${at}`));
  expect(said.slice(0, 3)).toEqual(['peer 0 joined, Direct', 'peer 1 joined, Direct', 'peer 2 joined, Direct']);
  expect(said.slice(3).filter((each) => each !== '')).toEqual([]);
});
