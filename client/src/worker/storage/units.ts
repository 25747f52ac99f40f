import { PACK_BELOW_BYTES } from '../../../../shared/src/limits/storage.ts';
import { Layout } from './layout.ts';
import type { StoredFile, WantedFiles } from './types.ts';

/** A part of one stored file, or of the padding, which is stored nowhere. */
export interface UnitSpan {
  /** Index of the stored file; undefined for padding. */
  readonly unit: number | undefined;
  /** Offset inside the stored file. [bytes] */
  readonly at: number;
  /** At least 1. [bytes] */
  readonly length: number;
}

/** Where a file of the torrent is stored. */
export interface FilePlace {
  readonly unit: number;
  /** Offset inside the stored file. [bytes] */
  readonly at: number;
  readonly length: number;
  /** The stored file holds other files, too, which may still be written. */
  readonly isPacked: boolean;
}

interface Unit {
  length: number;
  isPacked: boolean;
}

/**
 * How the files of a torrent are stored: each in a file of its own, but neighbours that are small in one together, since
 * opening a file costs more than writing it. Padding files (BEP 47) and empty ones are not stored at all.
 */
export class Units {
  readonly #layout: Layout;
  /** By the index of the file. */
  readonly #places: readonly (FilePlace | undefined)[];
  /** Length of each stored file. [bytes] */
  readonly lengths: readonly number[];

  constructor(files: readonly StoredFile[]) {
    this.#layout = new Layout(files);
    const units: Unit[] = [];
    const spots = files.map((file) => (file.length === 0 || file.isPadding ? undefined : place(units, file.length)));
    this.#places = spots.map((spot) => spot && { ...spot, isPacked: units[spot.unit]?.isPacked === true });
    this.lengths = units.map((unit) => unit.length);
  }

  /** Length of all files together, the padding included. [bytes] */
  get totalLength(): number {
    return this.#layout.totalLength;
  }

  /** The stored files that hold a file that is wanted, in order. */
  holding(isWanted: WantedFiles): ReadonlySet<number> {
    const wanted = new Set<number>();
    for (const [file, place] of this.#places.entries()) if (place && isWanted(file)) wanted.add(place.unit);
    return wanted;
  }

  /** The parts of stored files that hold `length` bytes from `offset` on, in order; neighbours in one file are one part. */
  spans(offset: number, length: number): UnitSpan[] {
    const spans: UnitSpan[] = [];
    for (const span of this.#layout.spans(offset, length)) {
      const found = this.#places[span.file];
      const at = (found?.at ?? 0) + span.at;
      const last = spans.at(-1);
      if (last && last.unit === found?.unit && (found === undefined || last.at + last.length === at)) {
        spans[spans.length - 1] = { ...last, length: last.length + span.length };
      } else {
        spans.push({ unit: found?.unit, at, length: span.length });
      }
    }
    return spans;
  }

  /** Undefined for a file without bytes of its own. */
  placeOf(file: number): FilePlace | undefined {
    return this.#places[file];
  }
}

/** Puts a file of this length behind the last one, or into a stored file of its own. */
function place(units: Unit[], length: number): Omit<FilePlace, 'isPacked'> {
  const last = units.at(-1);
  const isSmall = length < PACK_BELOW_BYTES;
  if (last?.isPacked && isSmall) {
    const at = last.length;
    last.length += length;
    return { unit: units.length - 1, at, length };
  }
  units.push({ length, isPacked: isSmall });
  return { unit: units.length - 1, at: 0, length };
}
