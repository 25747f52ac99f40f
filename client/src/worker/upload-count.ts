import { UPLOAD_RECORD_MS } from '../../../shared/src/limits/storage.ts';

/** What one torrent has given to others, on earlier pages too: recorded now and then while it grows. [bytes] */
export class UploadCount {
  readonly #before: number;
  readonly #record: () => void;
  #total: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  /** `before` was given on earlier pages. `record` writes down the total. */
  constructor(before: number, record: () => void) {
    this.#before = before;
    this.#total = before;
    this.#record = record;
  }

  get total(): number {
    return this.#total;
  }

  /** It grew since the last record. */
  get isUnrecorded(): boolean {
    return this.#timer !== undefined;
  }

  /** What was given since the page began; it never shrinks. */
  meter(bytes: number): void {
    const total = this.#before + bytes;
    if (total === this.#total) return;
    this.#total = total;
    if (this.#isStopped) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#record();
    }, UPLOAD_RECORD_MS);
  }

  /** None is recorded by itself any more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** A stored count; none where another version of the page wrote something else, or nothing. */
export function readUploaded(value: unknown): number {
  return typeof value === 'number' && value > 0 && Number.isSafeInteger(value) ? value : 0;
}
