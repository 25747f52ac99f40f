import { openExclusively, sizeOf } from './handles.ts';
import { measureRoom } from './quota.ts';

const RESERVE_NAME = 'reserve';

/** Made longer and longer, to see how much room is left, and deleted. */
const PROBE_NAME = 'probe';

/**
 * Room that a download of several stored files has taken and not used yet: a file as long as all those together that are
 * wanted and not created. So a full disk shows at the start, and no other download takes the room in between.
 */
export class Reserve {
  readonly #folder: FileSystemDirectoryHandle;
  /** Undefined until an earlier page's was looked for. [bytes] */
  #length: number | undefined;

  constructor(folder: FileSystemDirectoryHandle) {
    this.#folder = folder;
  }

  /** What is kept. [bytes] */
  get length(): number {
    return this.#length ?? 0;
  }

  /** Keeps `length` bytes from now on, whatever it was before. Rejects with what the browser throws. */
  async keep(length: number): Promise<void> {
    this.#length ??= (await sizeOf(this.#folder, RESERVE_NAME)) ?? 0;
    if (length !== this.#length) await this.#set(length);
  }

  /** Gives `length` bytes of it back, for a file that needs them now. */
  async give(length: number): Promise<void> {
    if (this.length > 0) await this.#set(Math.max(0, this.length - length));
  }

  /** How many of `needed` bytes fit besides the reserve. */
  async measure(needed: number): Promise<number> {
    const probe = await openExclusively(await this.#folder.getFileHandle(PROBE_NAME, { create: true }));
    const free = measureRoom(probe, needed);
    probe.close();
    await this.#folder.removeEntry(PROBE_NAME);
    return free;
  }

  async #set(length: number): Promise<void> {
    const reserve = await openExclusively(await this.#folder.getFileHandle(RESERVE_NAME, { create: true }));
    try {
      reserve.truncate(length);
      this.#length = length;
    } finally {
      // Chromium gives back the room of a file that became shorter only when it is closed.
      reserve.close();
      if (this.length === 0) await this.#folder.removeEntry(RESERVE_NAME).catch(() => undefined);
    }
  }
}
