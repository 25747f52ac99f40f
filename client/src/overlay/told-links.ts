import { MAX_FRAME_BYTES, MAX_TOLD_LINKS } from '../../../shared/src/limits/overlay.ts';
import { OVERLAY_FRAME } from '../../../shared/src/limits/links.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { setU16, u16At } from './frame-fields.ts';
import { newFrame } from './frame-memory.ts';
import { FRAME } from './link-frames.ts';

/**
 * A link as others are told of it: the first 24 bits of the peer's id above its round trip in units of 4 ms, which is 0 where
 * the link is gone. One small integer, because a peer remembers a thousand of them.
 */
export type ToldLink = number;

/** Links of one peer, each peer at most once, in the order of their ids. */
export type ToldLinks = readonly ToldLink[];

export const NO_LINKS: ToldLinks = [];

/** A unit of a told round trip. [ms] A fraction of what choosing between two ways turns on. */
const UNIT_MS = 4;

/** Longest round trip that can be told. [units] */
const MAX_UNITS = 255;

/** The link to the peer whose id begins with the 32 bits of `prefix`. */
export function toldLink(prefix: number, rttMs: Millis): ToldLink {
  const units = Math.min(MAX_UNITS, Math.max(1, Math.round(rttMs / UNIT_MS)));
  return (prefix & ~0xff) | units;
}

/** The same link, gone. */
export function goneLink(link: ToldLink): ToldLink {
  return link & ~0xff;
}

/** The first 24 bits of the peer's id. */
export function peerOf(link: ToldLink): number {
  return link >>> 8;
}

/** [ms] 0: the link is gone. */
export function toldRtt(link: ToldLink): Millis {
  return (link & 0xff) * UNIT_MS;
}

/** LINKS: links that the sender has, or has no more. */
export interface LinksFrame {
  /** Whatever was told before is void. */
  readonly isWhole: boolean;
  /** At most MAX_TOLD_LINKS, in any order. */
  readonly links: readonly ToldLink[];
}

const LINKS_HEADER = 4;

/** Length of one link on the wire. [bytes] */
const LINK_BYTES = 4;

const FLAG_WHOLE = 1;

export function encodeLinks({ isWhole, links }: LinksFrame): Uint8Array {
  const bytes = newFrame(LINKS_HEADER + links.length * LINK_BYTES);
  bytes[0] = OVERLAY_FRAME;
  bytes[1] = FRAME.links;
  bytes[2] = isWhole ? FLAG_WHOLE : 0;
  bytes[3] = links.length;
  let at = LINKS_HEADER;
  for (const link of links) {
    setU16(bytes, at, link >>> 16);
    setU16(bytes, at + 2, link & 0xffff);
    at += LINK_BYTES;
  }
  return bytes;
}

export function decodeLinks(bytes: Uint8Array): LinksFrame | undefined {
  const count = bytes[3];
  if (bytes.length > MAX_FRAME_BYTES || count === undefined || count > MAX_TOLD_LINKS) return undefined;
  if (bytes.length !== LINKS_HEADER + count * LINK_BYTES) return undefined;
  const links: ToldLink[] = [];
  for (let at = LINKS_HEADER; at < bytes.length; at += LINK_BYTES)
    links.push((u16At(bytes, at) << 16) | u16At(bytes, at + 2));
  return { isWhole: ((bytes[2] as number) & FLAG_WHOLE) !== 0, links };
}

/** Puts links in order. */
export function inOrder(links: ToldLink[]): ToldLinks {
  return links.sort((a, b) => peerOf(a) - peerOf(b));
}

/** Where the peer whose id begins with the 32 bits of `prefix` would be among `links`. */
export function placeAmong(links: ToldLinks, prefix: number): number {
  const peer = prefix >>> 8;
  let from = 0;
  let count = links.length;
  while (count > 1) {
    const half = count >>> 1;
    // The sign of the difference as a mask, because a branch that goes either way is guessed wrong every other time.
    from += half & ((peerOf(links[from + half - 1] as ToldLink) - peer) >> 31);
    count -= half;
  }
  return count === 1 && peerOf(links[from] as ToldLink) < peer ? from + 1 : from;
}

/** What is different in `after`: new links, links with another round trip, and those that are gone. */
export function changedLinks(before: ToldLinks, after: ToldLinks): ToldLink[] {
  const peers = new Set(after.map(peerOf));
  const gone = before.filter((link) => !peers.has(peerOf(link))).map(goneLink);
  return [...gone, ...after.filter((link) => !before.includes(link))];
}

/** `held` once `frame` came. BOUNDED: by MAX_TOLD_LINKS; what is beyond it is not remembered. */
export function withChanges(held: ToldLinks, { isWhole, links }: LinksFrame): ToldLinks {
  const told = new Map(links.map((link) => [peerOf(link), link]));
  const others = isWhole ? NO_LINKS : held.filter((link) => !told.has(peerOf(link)));
  return inOrder([...others, ...told.values()].filter((link) => toldRtt(link) > 0).slice(0, MAX_TOLD_LINKS));
}
