import type { SwarmPeer } from '../../index.ts';

/** What each letter of a peer means, in the order in which they stand. */
export const FLAG_WORDS: readonly (readonly [letter: string, words: string])[] = [
  ['D', 'you get data from it'],
  ['d', 'it has what you lack, but does not give to you now'],
  ['U', 'it gets data from you'],
  ['u', 'it wants data, but you do not give to it now'],
  ['K', 'it would give, but you need nothing from it'],
  ['?', 'you would give, but it needs nothing from you'],
  ['O', 'it is given a try: an optimistic slot'],
  ['S', 'it stopped answering: it is asked for little'],
  ['I', 'it connected to you'],
  ['X', 'another peer named it'],
  ['H', 'the overlay network named it'],
  ['W', 'a tracker of the torrent named it, and it proves nothing of who it is'],
];

/** The letters of a peer in words; says so when there are none. */
export function flagWords(flags: string): string {
  const words = FLAG_WORDS.filter(([letter]) => flags.includes(letter)).map(([, each]) => each);
  return words.length === 0 ? 'nothing goes either way' : words.join('; ');
}

/** The upload slot of a peer in a word; empty for none. */
export function slotWord({ slot }: Pick<SwarmPeer, 'slot'>): string {
  return slot === 'none' ? '' : slot;
}
