import type { FilePriority } from '../../api.ts';
import type { TorrentSummary } from '../../worker/protocol.ts';

/**
 * The priorities, by index, with which only the files come that a link selected (`so=`); undefined when it selects none
 * of the torrent's, which means all. Links count files with the padding between them where the torrent lists it.
 */
export function prioritiesOf(
  selected: readonly number[],
  { files, listsPadding }: Pick<TorrentSummary, 'files' | 'listsPadding'>,
): FilePriority[] | undefined {
  const named = new Set(selected);
  const isNamed = (index: number, place: number): boolean => named.has(listsPadding ? index : place);
  const wanted = new Set(files.flatMap(({ index }, place) => (isNamed(index, place) ? [index] : [])));
  if (wanted.size === 0) return undefined;
  const last = files.at(-1)?.index ?? 0;
  return Array.from({ length: last + 1 }, (_, index) => (wanted.has(index) ? 'normal' : 'skip'));
}
