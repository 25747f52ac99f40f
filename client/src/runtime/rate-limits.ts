import { type RateLimits, SkeinError } from '../api.ts';

/** The limits alone, copied; one without end is none. Throws `bad-argument` for what is no limit. */
export function checkedLimits({ down, up }: RateLimits): RateLimits {
  return { down: checkedLimit(down), up: checkedLimit(up) };
}

function checkedLimit(limit: number | undefined): number | undefined {
  if (limit === undefined || limit === Infinity) return undefined;
  if (typeof limit === 'number' && limit > 0) return limit;
  throw new SkeinError('bad-argument', 'A limit is a number of bytes a second above 0; leave it out for none.');
}
