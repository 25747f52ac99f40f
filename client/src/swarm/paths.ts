import { utf8Encode } from '../../../shared/src/bytes.ts';
import { MAX_PATH_SEGMENTS, MAX_SEGMENT_BYTES } from '../../../shared/src/limits/swarm.ts';

/** True for text that can be the name of a file or folder anywhere: it cannot climb up, split, or hide behind a NUL. */
export function isSafeSegment(text: string): boolean {
  if (text === '' || text === '.' || text === '..' || /[/\\\0]/.test(text)) return false;
  return text.length <= MAX_SEGMENT_BYTES && utf8Encode(text).length <= MAX_SEGMENT_BYTES;
}

/** The nearest name that `isSafeSegment` accepts. */
export function safeSegment(text: string): string {
  const name = truncate(text.replace(/[/\\\0]/g, '_'), MAX_SEGMENT_BYTES);
  return name === '' || name === '.' || name === '..' ? `_${name.slice(1)}` : name;
}

/** Safe and distinct paths for `paths`, one for each, in their order. A name that is taken gets a number. */
export function safePaths(paths: readonly (readonly string[])[]): readonly (readonly string[])[] {
  // BOUNDED: by the files being shared. Folders may be shared by files, so they are kept apart.
  const files = new Set<string>();
  const folders = new Set<string>();
  const isFree = (path: readonly string[]): boolean => {
    const joined = path.join('/');
    if (files.has(joined) || folders.has(joined)) return false;
    return path.every((_, depth) => depth === 0 || !files.has(path.slice(0, depth).join('/')));
  };
  return paths.map((path) => {
    const wanted = path.slice(-MAX_PATH_SEGMENTS).map(safeSegment);
    if (wanted.length === 0) wanted.push('_');
    let chosen = wanted;
    // A collision with a file higher up is escaped by renaming the first folder, any other by renaming the file.
    for (let n = 2; !isFree(chosen); n++) {
      const isBlocked = wanted.some((_, depth) => depth > 0 && files.has(wanted.slice(0, depth).join('/')));
      chosen = isBlocked
        ? [numbered(wanted[0] as string, n), ...wanted.slice(1)]
        : [...wanted.slice(0, -1), numbered(wanted.at(-1) as string, n)];
    }
    files.add(chosen.join('/'));
    for (let depth = 1; depth < chosen.length; depth++) folders.add(chosen.slice(0, depth).join('/'));
    return chosen;
  });
}

/** `report.pdf` as `report (2).pdf`, within the length of a name. */
function numbered(name: string, n: number): string {
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 && name.length - dot <= 16 ? name.slice(dot) : '';
  const suffix = ` (${n})${extension}`;
  return (
    truncate(name.slice(0, name.length - extension.length), MAX_SEGMENT_BYTES - utf8Encode(suffix).length) + suffix
  );
}

/** As many whole characters of well-formed `text` as fit into `maxBytes` of UTF-8. */
function truncate(text: string, maxBytes: number): string {
  let kept = '';
  let length = 0;
  for (const character of text) {
    const isLoneSurrogate = /^[\ud800-\udfff]$/u.test(character);
    length += utf8Encode(character).length;
    if (length > maxBytes) break;
    kept += isLoneSurrogate ? '\ufffd' : character;
  }
  return kept;
}
