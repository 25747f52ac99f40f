import { utf8Decode } from '../../../shared/src/bytes.ts';
import { MAX_FILES, MAX_PATH_SEGMENTS } from '../../../shared/src/limits/metainfo.ts';
import { type Result, err, ok } from '../../../shared/src/result.ts';
import { type Bencode, type BencodeDictionary, type BencodeInput, bytesOf, integerOf, listOf } from './bencode.ts';
import type { MetainfoErrorCode } from './metainfo-error.ts';
import { type Path, areDistinct, isSafeSegment } from './paths.ts';
import type { TorrentFile } from './types.ts';

/** The files of an info dictionary as BEP 3 lists them, padding files (BEP 47) included. Total. */
export function decodeFileList(
  info: BencodeDictionary,
  name: string,
): Result<readonly TorrentFile[], MetainfoErrorCode> {
  const list = listOf(info, 'files');
  const length = integerOf(info, 'length');
  if ((list === undefined) === (length === undefined)) return err('not-metainfo');
  if (length !== undefined) return length < 0 ? err('bad-length') : ok([plainFile([name], length, 0)]);
  // A padding file may stand behind each file.
  if (!list || list.length > 2 * MAX_FILES) return err('too-many-files');
  const files: TorrentFile[] = [];
  let offset = 0;
  for (const entry of list) {
    const file = decodeFile(entry, offset);
    if (!file.ok) return file;
    files.push(file.value);
    offset += file.value.length;
    if (offset > Number.MAX_SAFE_INTEGER) return err('bad-length');
  }
  const paths = files.filter((file) => !file.isPadding).map((file) => file.path);
  if (paths.length === 0) return err('no-files');
  if (paths.length > MAX_FILES) return err('too-many-files');
  return areDistinct(paths) ? ok(files) : err('duplicate-path');
}

/** The `files` list of BEP 3 for files and the padding between them. */
export function encodeFileList(files: readonly TorrentFile[]): BencodeInput {
  return files.map((file) => {
    const entry = new Map<string, BencodeInput>([
      ['length', file.length],
      ['path', file.path],
    ]);
    if (file.isPadding) entry.set('attr', 'p');
    return entry;
  });
}

/** A file without a hash tree. */
export function plainFile(path: Path, length: number, offset: number): TorrentFile {
  return { path, length, offset, piecesRoot: undefined, isPadding: false };
}

/** `length` zeros (BEP 47). Several of one name are no duplicates: the name means nothing. */
export function paddingFile(length: number, offset: number): TorrentFile {
  return { path: ['.pad', String(length)], length, offset, piecesRoot: undefined, isPadding: true };
}

/** The path of segments in UTF-8; undefined when one of them is no name. */
export function decodePath(segments: readonly Uint8Array[]): Path | undefined {
  if (segments.length === 0 || segments.length > MAX_PATH_SEGMENTS) return undefined;
  const path: string[] = [];
  for (const segment of segments) {
    const text = utf8Decode(segment);
    if (text === undefined || !isSafeSegment(text)) return undefined;
    path.push(text);
  }
  return path;
}

function decodeFile(entry: Bencode, offset: number): Result<TorrentFile, MetainfoErrorCode> {
  if (entry.kind !== 'dictionary') return err('not-metainfo');
  const length = integerOf(entry, 'length');
  if (length === undefined || length < 0) return err('bad-length');
  if (isPadding(entry)) return ok(paddingFile(length, offset));
  // Made before BEP 3 demanded UTF-8: `path` in some code page, and the same beside it in UTF-8.
  const segments = listOf(entry, 'path.utf-8') ?? listOf(entry, 'path') ?? [];
  const areNames = segments.every((segment) => segment.kind === 'bytes');
  const path = areNames ? decodePath(segments.map(({ value }) => value)) : undefined;
  return path ? ok(plainFile(path, length, offset)) : err('bad-path');
}

function isPadding(file: BencodeDictionary): boolean {
  return bytesOf(file, 'attr')?.includes(0x70) ?? false;
}
