import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TorrentVersion } from '../src/swarm/types.ts';

/** The hashes of a torrent in hex, as libtorrent sees them. */
interface Hashes {
  readonly v1: string | null;
  readonly v2: string | null;
}

interface ReadAnswer {
  readonly hashes: Hashes;
  readonly name: string;
  readonly pieceLength: number;
  readonly files: readonly {
    readonly path: string;
    readonly length: number;
    readonly offset: number;
    readonly isPadding: boolean;
    readonly root: string;
  }[];
}

/** Has libtorrent, the second implementation of BEP 52, carry commands out. Throws what it says of a failure. */
function run<Answer>(command: Readonly<Record<string, unknown>>): Answer {
  const script = fileURLToPath(new URL('run_libtorrent.py', import.meta.url));
  const output = execFileSync('/usr/bin/python3', [script], {
    input: JSON.stringify([command]),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const [answer] = JSON.parse(output) as readonly [Answer & { readonly error?: string }];
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer;
}

/** What it makes of a torrent file. */
export function readTorrent(torrent: Uint8Array): ReadAnswer {
  return run({ kind: 'read', torrent: Buffer.from(torrent).toString('base64') });
}

/** A torrent file of what is in the folder, or the file, at `path`. */
export function createTorrent(path: string, pieceLength: number, version: TorrentVersion): Uint8Array {
  const { torrent } = run<{ readonly torrent: string }>({ kind: 'create', path, pieceLength, version });
  return new Uint8Array(Buffer.from(torrent, 'base64'));
}

/** Has it hash the files below `path` and compare them with what the torrent says: how many bytes it wants and found. */
export function checkFiles(
  torrent: Uint8Array,
  path: string,
): { readonly done: number; readonly wanted: number; readonly pieces: number } {
  return run({ kind: 'check', torrent: Buffer.from(torrent).toString('base64'), path });
}

/** What it makes of a magnet link. */
export function readMagnet(link: string): {
  readonly hashes: Hashes;
  readonly name: string;
  readonly trackers: readonly string[];
} {
  return run({ kind: 'magnet', link });
}
