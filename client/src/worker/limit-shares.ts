/** Somebody who takes part of a common limit. */
export interface LimitUser {
  /** What it takes now. [bytes/s] */
  readonly bytesPerSecond: number;
  /** Most that it may take in any case. [bytes/s] */
  readonly limit: number | undefined;
}

/** How much faster than now a user may become until the limit is divided again: enough to double in two turns. */
const GROWTH = 1.5;

/** What somebody idle may take at once. [bytes/s] A block, so that what starts shows that it wants more. */
const IDLE_BYTES_PER_SECOND = 16 * 1024;

/**
 * Divides a common limit: those who use less than an equal part keep what they use with room to grow, the others share
 * the rest equally, and what nobody claims is spread over all. The parts never add up to more than `total`. [bytes/s]
 */
export function divideLimit(total: number, users: readonly LimitUser[]): number[] {
  const wants = users.map(({ bytesPerSecond, limit }) =>
    Math.min(limit ?? Infinity, GROWTH * bytesPerSecond + IDLE_BYTES_PER_SECOND),
  );
  const first = pour(total, wants);
  const spare = total - sum(first);
  const rooms = users.map(({ limit }, at) => (limit ?? Infinity) - (first[at] ?? 0));
  const second = pour(spare, rooms);
  return first.map((part, at) => Math.floor(part + (second[at] ?? 0)));
}

/** Equal parts of `total`, none above its cap: what a low cap leaves goes to those above it. */
function pour(total: number, caps: readonly number[]): number[] {
  const parts = caps.map(() => 0);
  const order = caps.map((_, at) => at).sort((a, b) => (caps[a] ?? 0) - (caps[b] ?? 0));
  let rest = Math.max(0, total);
  order.forEach((at, done) => {
    const part = Math.min(caps[at] ?? 0, rest / (order.length - done));
    parts[at] = part;
    rest -= part;
  });
  return parts;
}

function sum(parts: readonly number[]): number {
  return parts.reduce((all, part) => all + part, 0);
}
