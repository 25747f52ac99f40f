/** Media that browsers play, by the ends of file names. Nothing else is ever given to a player: it might be a page. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['mp4', 'video/mp4'],
  ['m4v', 'video/mp4'],
  ['mov', 'video/quicktime'],
  ['webm', 'video/webm'],
  ['mkv', 'video/x-matroska'],
  ['ogv', 'video/ogg'],
  ['mp3', 'audio/mpeg'],
  ['m4a', 'audio/mp4'],
  ['aac', 'audio/aac'],
  ['ogg', 'audio/ogg'],
  ['oga', 'audio/ogg'],
  ['opus', 'audio/ogg'],
  ['weba', 'audio/webm'],
  ['flac', 'audio/flac'],
  ['wav', 'audio/wav'],
]);

/** The media type of a file, by its name; undefined for what is no audio or video. */
export function mediaTypeOf(path: string): string | undefined {
  const dot = path.lastIndexOf('.');
  return dot < 0 ? undefined : TYPES.get(path.slice(dot + 1).toLowerCase());
}
