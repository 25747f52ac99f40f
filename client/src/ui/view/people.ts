import { isBlank, plainText } from '../../../../shared/src/plain-text.ts';

/** A full turn of the colour circle. [degrees] */
const FULL_TURN = 360;

/** The top 32 bits of an id as a fraction of the whole id space, 0 <= x < 1. An id that is not hex counts as 0. */
export function idFraction(id: string): number {
  const top = Number.parseInt(id.slice(0, 8), 16);
  return Number.isNaN(top) ? 0 : top / 2 ** 32;
}

/** A colour that goes with an id on every page. [hue in degrees] */
export function hueOf(id: string): number {
  const low = Number.parseInt(id.slice(-6), 16);
  return Number.isNaN(low) ? 0 : low % FULL_TURN;
}

/** The name to show for a peer: its own, or the start of its id. */
export function displayName(peer: { readonly id: string; readonly name?: string | undefined }): string {
  const name = plainText(peer.name ?? '');
  return isBlank(name) ? shortText(peer.id) : name;
}

/** At most two letters for an avatar: the first of the first and of the last word. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s\-_.]+/u).filter((word) => word !== '');
  const last = words.length > 1 ? firstLetter(words.at(-1)) : '';
  return `${firstLetter(words[0]) || '?'}${last}`.toLocaleUpperCase();
}

/** The start of an id, for people. */
export function shortText(id: string): string {
  return id.slice(0, 8);
}

/** The first character as people count them, so that a flag or a family is not cut apart. */
function firstLetter(word: string | undefined): string {
  for (const { segment } of new Intl.Segmenter().segment(word ?? '')) return segment;
  return '';
}
