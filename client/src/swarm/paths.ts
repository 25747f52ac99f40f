import { utf8Length } from '../../../shared/src/bytes.ts';
import { MAX_PATH_SEGMENTS, MAX_SEGMENT_BYTES } from '../../../shared/src/limits/metainfo.ts';

/** Path of a file inside its torrent: folders first, the file's own name last. */
export type Path = readonly string[];

/**
 * True for text that can be the name of a file or folder anywhere: it cannot climb up, split, name a drive, or hide
 * behind a NUL.
 */
export function isSafeSegment(text: string): boolean {
  if (text === '' || text === '.' || text === '..' || /[/\\\0]|^[a-z]:$/i.test(text)) return false;
  return fits(text, MAX_SEGMENT_BYTES);
}

/** The nearest name that `isSafeSegment` accepts. */
export function safeSegment(text: string): string {
  const name = truncate(text.replace(/[/\\\0]|(?<=^[a-z]):$/gi, '_'), MAX_SEGMENT_BYTES);
  return name === '' || name === '.' || name === '..' ? `_${name.slice(1)}` : name;
}

/** Safe paths for `paths`, one for each, in their order, of which no two clash on any file system. */
export function safePaths(paths: readonly Path[]): readonly Path[] {
  let [before, safe]: readonly Path[] = [[], []];
  return distinctPaths(
    paths.map((path) => {
      const kept = path.slice(-MAX_PATH_SEGMENTS);
      // Files of one folder mostly follow each other.
      safe = kept.map((segment, at) => (segment === before?.[at] && safe?.[at]) || safeSegment(segment));
      before = kept;
      return safe.length === 0 ? ['_'] : safe;
    }),
  );
}

/**
 * Paths of which no two clash where file systems take upper and lower case, or composed and decomposed characters, for
 * the same (Windows, macOS). A name that clashes gets a number.
 */
export function distinctPaths(paths: readonly Path[]): readonly Path[] {
  const trail = new Trail((folder, segment) => {
    const name = folder.freeFolder(segment);
    return { name, folder: folder.enter(fold(name)) };
  });
  return paths.map((path) => {
    const folder = trail.follow(path) as Folder;
    const name = folder.freeFile(path.at(-1) ?? '_');
    folder.entries.set(fold(name), 'file');
    return [...trail.names, name];
  });
}

/** True when no path is there twice, and none is a file where another needs a folder. Names that differ in case differ. */
export function areDistinct(paths: readonly Path[]): boolean {
  const trail = new Trail((folder, name) =>
    folder.entries.get(name) === 'file' ? undefined : { name, folder: folder.enter(name) },
  );
  for (const path of paths) {
    const folder = trail.follow(path);
    const name = path.at(-1) ?? '';
    if (!folder || folder.entries.has(name)) return false;
    folder.entries.set(name, 'file');
  }
  return true;
}

/** Where a name leads to from a folder; undefined for nowhere. The same, however often it is asked. */
type Step = (folder: Folder, name: string) => { readonly name: string; readonly folder: Folder } | undefined;

/**
 * The way through a tree of names to the folder of a path. Files of one folder mostly follow each other: what a path has
 * in common with the one before is not looked up again.
 */
class Trail {
  /** What the folders on the way are called in the tree. */
  readonly names: string[] = [];
  /** The root, and each folder on the way. */
  readonly #folders = [new Folder()];
  readonly #step: Step;
  #path: Path = [];

  constructor(step: Step) {
    this.#step = step;
  }

  /** The folder of the last name of `path`; undefined when there is no way to it. */
  follow(path: Path): Folder | undefined {
    let at = 0;
    while (at < this.names.length && at < path.length - 1 && path[at] === this.#path[at]) at++;
    this.#path = path;
    this.names.length = at;
    this.#folders.length = at + 1;
    for (; at < path.length - 1; at++) {
      const next = this.#step(this.#folders[at] as Folder, path[at] as string);
      if (!next) return undefined;
      this.names.push(next.name);
      this.#folders.push(next.folder);
    }
    return this.#folders[at];
  }
}

/** A folder of a tree of names. A tree, not joined paths: its size is bounded by that of what it was made from. */
class Folder {
  /** BOUNDED, as what follows: by the files of one torrent and their depth. */
  readonly entries = new Map<string, Folder | 'file'>();
  /** The last number given to a name, so that ten thousand clashes are not ten thousand searches from 2 on. */
  readonly #numbers = new Map<string, number>();
  /** What folders are called whose name was a file's, so that their files stay together. */
  readonly #renamed = new Map<string, string>();

  /** The folder inside this one, made when it is not there. No file has its name. */
  enter(key: string): Folder {
    const entry = this.entries.get(key);
    if (entry instanceof Folder) return entry;
    const made = new Folder();
    this.entries.set(key, made);
    return made;
  }

  freeFile(wanted: string): string {
    return this.entries.has(fold(wanted)) ? this.#number(wanted) : wanted;
  }

  freeFolder(wanted: string): string {
    if (this.entries.get(fold(wanted)) !== 'file') return wanted;
    const name = this.#renamed.get(fold(wanted)) ?? this.#number(wanted);
    this.#renamed.set(fold(wanted), name);
    return name;
  }

  /** `report.pdf` as `report (2).pdf`, or with the next number that is free. */
  #number(name: string): string {
    const dot = name.lastIndexOf('.');
    const extension = dot > 0 && name.length - dot <= MAX_EXTENSION_LENGTH ? name.slice(dot) : '';
    const room = MAX_SEGMENT_BYTES - NUMBER_BYTES - utf8Length(extension);
    const stem = truncate(name.slice(0, name.length - extension.length), room);
    const family = fold(`${stem}/${extension}`);
    for (let n = (this.#numbers.get(family) ?? 1) + 1; ; n++) {
      const numbered = `${stem} (${n})${extension}`;
      if (this.entries.has(fold(numbered))) continue;
      this.#numbers.set(family, n);
      return numbered;
    }
  }
}

/** Longest ending of a name that stays behind the number. [characters] */
const MAX_EXTENSION_LENGTH = 16;

/** Room for a number of any length. [bytes] */
const NUMBER_BYTES = 24;

/** What file systems that do not tell case or composition apart make of a name. */
function fold(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/** True when `text` takes at most `maxBytes` of UTF-8: three for a UTF-16 unit at most, one at least. */
function fits(text: string, maxBytes: number): boolean {
  return text.length * 3 <= maxBytes || (text.length <= maxBytes && utf8Length(text) <= maxBytes);
}

/** As many whole characters of well-formed `text` as fit into `maxBytes` of UTF-8. */
function truncate(text: string, maxBytes: number): string {
  const kept = fits(text, maxBytes) ? text : text.slice(0, fittingUnits(text, maxBytes));
  return kept.replace(/\p{Cs}/gu, '\ufffd');
}

/** How many UTF-16 units of `text` are whole characters of at most `maxBytes`. */
function fittingUnits(text: string, maxBytes: number): number {
  let [units, bytes] = [0, 0];
  for (const character of text) {
    bytes += utf8Length(character);
    if (bytes > maxBytes) break;
    units += character.length;
  }
  return units;
}
