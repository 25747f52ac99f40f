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

/**
 * A limit from a field, in bytes/s and at least 1; undefined for none, as which an empty field counts, 0, and what limits
 * nothing. A comma may stand for the point, as on the keys of many phones. `invalid` for what is no number, or less than 0,
 * and for `1,500`, which people read in two ways.
 */
export function limitFromText(text: string): number | undefined | 'invalid' {
  const limit = Number(/,\d{3}$/.test(text.trim()) ? Number.NaN : text.replace(',', '.')) * KB_BYTES;
  if (!(limit >= 0)) return 'invalid';
  return limit === 0 || limit > MAX_LIMIT ? undefined : Math.max(1, Math.round(limit));
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
