import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { seededRng } from '../../shared/src/machine.ts';

/** A file made for a test, with what it must come out as at the other end. */
export interface MadeFile {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

/** `size` bytes that look random and are the same for the same seed. */
export function deterministicBytes(size: number, seed: number): Buffer {
  const rng = seededRng(seed);
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let i = 0; i < words.length; i++) words[i] = rng.nextUint32();
  return Buffer.from(words.buffer, 0, size);
}

export function hashBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** How much of a large file is made at a time. [bytes] */
const LARGE_CHUNK_BYTES = 4 * 1024 * 1024;

/** A folder of test files, gone after the test. */
export class FileFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<FileFolder> {
    return new FileFolder(await mkdtemp(join(tmpdir(), 'skein-e2e-')));
  }

  /** Makes a file; the seed defaults to one that its name and size decide. */
  async make(name: string, size: number, seed = size + name.length * 7919): Promise<MadeFile> {
    const bytes = deterministicBytes(size, seed);
    const path = join(this.path, name);
    await writeFile(path, bytes);
    return { path, name, size, sha256: hashBytes(bytes) };
  }

  /** Makes a file of zeros, which takes no room on the disk whatever its size; resolves to its path. */
  async makeEmpty(name: string, size: number): Promise<string> {
    const path = join(this.path, name);
    await writeFile(path, '');
    await truncate(path, size);
    return path;
  }

  /** Makes a file of random bytes that is too large to hold; resolves to its path. */
  async makeLarge(name: string, size: number): Promise<string> {
    const path = join(this.path, name);
    const file = await open(path, 'w');
    try {
      for (let left = size; left > 0; left -= LARGE_CHUNK_BYTES) {
        await file.write(randomBytes(Math.min(left, LARGE_CHUNK_BYTES)));
      }
    } finally {
      await file.close();
    }
    return path;
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
