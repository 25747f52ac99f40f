import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { JOURNAL_MS } from '../../../../shared/src/limits/storage.ts';
import { Journal, type JournalFile } from './journal.ts';
import type { OwnBytes } from './types.ts';

/** A file in memory that may refuse. */
class BytesFile implements JournalFile {
  bytes: Uint8Array = new Uint8Array(0);
  isFull = false;
  /** Most that one write takes, as Firefox takes nothing where there is no room. [bytes] */
  takes = Infinity;
  writeCount = 0;

  getSize(): number {
    return this.bytes.length;
  }

  read(into: OwnBytes, { at }: { readonly at: number }): number {
    const part = this.bytes.subarray(at, at + into.length);
    into.set(part);
    return part.length;
  }

  write(bytes: OwnBytes, { at }: { readonly at: number }): number {
    if (this.isFull) throw new DOMException('no room', 'QuotaExceededError');
    const taken = bytes.subarray(0, this.takes);
    const grown = new Uint8Array(Math.max(this.bytes.length, at + taken.length));
    grown.set(this.bytes);
    grown.set(taken, at);
    this.bytes = grown;
    this.writeCount++;
    return taken.length;
  }

  truncate(size: number): void {
    this.bytes = this.bytes.slice(0, size);
  }

  close(): void {}
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('the next page reads what was stored since the last record, however the tab ended', () => {
  const file = new BytesFile();
  const journal = new Journal(file);
  journal.add(7);
  journal.add(70_000);
  vi.advanceTimersByTime(JOURNAL_MS);
  expect(file.writeCount).toBe(1);
  expect(new Journal(file).left).toEqual([7, 70_000]);
});

test('what a record names leaves the journal, and the rest stays', () => {
  const file = new BytesFile();
  const journal = new Journal(file);
  for (const piece of [1, 2, 3]) journal.add(piece);
  vi.advanceTimersByTime(JOURNAL_MS);
  journal.add(4);
  journal.recorded((piece) => piece !== 2 && piece !== 4);
  expect(new Journal(file).left).toEqual([2, 4]);
  journal.add(5);
  vi.advanceTimersByTime(JOURNAL_MS);
  expect(new Journal(file).left).toEqual([2, 4, 5]);
});

test('entries of an earlier page stay until a record names them', () => {
  const file = new BytesFile();
  const first = new Journal(file);
  first.add(9);
  first.close();
  const second = new Journal(file);
  second.add(10);
  second.close();
  const third = new Journal(file);
  expect(third.left).toEqual([9, 10]);
  third.recorded(() => true);
  expect(file.getSize()).toBe(0);
});

test('entries that a full disk took in part only are written once there is room again', () => {
  const file = new BytesFile();
  const journal = new Journal(file);
  file.takes = 2;
  journal.add(7);
  vi.advanceTimersByTime(JOURNAL_MS);
  file.takes = Infinity;
  journal.add(70_000);
  vi.advanceTimersByTime(JOURNAL_MS);
  expect(new Journal(file).left).toEqual([7, 70_000]);
});

test('a full disk and a torn entry cost nothing but the hint', () => {
  const file = new BytesFile();
  const journal = new Journal(file);
  journal.add(1);
  journal.close();
  file.isFull = true;
  const next = new Journal(file);
  next.add(2);
  expect(() => vi.advanceTimersByTime(JOURNAL_MS)).not.toThrow();
  file.bytes = file.bytes.slice(0, 3);
  expect(new Journal(file).left).toEqual([]);
});
