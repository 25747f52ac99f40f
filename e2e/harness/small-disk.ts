import { execFileSync } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { World } from './world.ts';

/** Written at a time to fill it: much, and at last a page of memory, so that none is left. [bytes] */
const FILLER_BYTES = [1_048_576, 4096];

/** A disk of its own that a test can fill to the last byte: memory that the kernel mounts. It ends with its world. */
export class SmallDisk {
  readonly path: string;
  readonly #filler: string;

  private constructor(path: string) {
    this.path = path;
    this.#filler = join(path, 'filler');
  }

  /** Only root may mount. */
  static isPossible(): boolean {
    return process.platform === 'linux' && process.getuid?.() === 0;
  }

  static async mount(world: World, bytes: number): Promise<SmallDisk> {
    const path = await mkdtemp(join(tmpdir(), 'skein-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path]);
    world.onClose(async () => {
      execFileSync('umount', ['--lazy', path]);
      await rm(path, { recursive: true });
    });
    return new SmallDisk(path);
  }

  /** Leaves no room at all. */
  async fill(): Promise<void> {
    for (const bytes of FILLER_BYTES) await this.#append(Buffer.alloc(bytes, 1));
  }

  /** Takes back what `fill` took. */
  async free(): Promise<void> {
    await rm(this.#filler);
  }

  /** Writes `bytes` again and again until there is no room. */
  async #append(bytes: Buffer): Promise<void> {
    const file = await open(this.#filler, 'a');
    try {
      for (;;) await file.write(bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      await file.close();
    }
  }
}
