import { type RateLimits, SkeinError } from '../api.ts';

/** The limits alone, copied. Throws `bad-argument` for what is none. */
export function checkedLimits({ down, up }: RateLimits): RateLimits {
  for (const limit of [down, up]) {
    if (limit !== undefined && !(limit > 0))
      throw new SkeinError('bad-argument', 'A limit is a number of bytes a second above 0; leave it out for none.');
  }
  return { down, up };
}
