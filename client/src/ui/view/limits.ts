import type { RateLimits } from '../../index.ts';
import { formatRate } from './format.ts';

/** The unit in which people enter limits. */
export const KB = 'kB';

const KB_BYTES = 1000;

/** Most that can be entered: beyond it a limit limits nothing. [bytes/s] */
const MAX_LIMIT = 1e12;

/** A limit as a field shows it, in kB/s; empty for none. */
export function limitToText(limit: number | undefined): string {
  return limit === undefined ? '' : String(limit / KB_BYTES);
}

/** A limit from a field, in bytes/s; none for an empty field and for what is no number above 0. */
export function limitFromText(text: string): number | undefined {
  const limit = Math.round(Number(text) * KB_BYTES);
  return limit > 0 && limit <= MAX_LIMIT ? limit : undefined;
}

/** `↓ 500 kB/s · ↑ 20.0 kB/s`; empty without limits. */
export function limitsText({ down, up }: RateLimits): string {
  const parts = [down !== undefined && `↓ ${formatRate(down)}`, up !== undefined && `↑ ${formatRate(up)}`];
  return parts.filter((part) => part !== false).join(' · ');
}

/** Limits as they are kept between two visits. */
export function writeLimits({ down, up }: RateLimits): string {
  return JSON.stringify({ down, up });
}

/** Kept limits; none where nothing is kept, or something else. */
export function readLimits(text: string | undefined): RateLimits {
  const read = (name: string): number | undefined => {
    const match = new RegExp(`"${name}":(\\d{1,13})[,}]`).exec(text ?? '');
    const limit = Number(match?.[1]);
    return limit > 0 && limit <= MAX_LIMIT ? limit : undefined;
  };
  return { down: read('down'), up: read('up') };
}
