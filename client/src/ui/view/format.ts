/** Decimal units, as shops and operating systems' download lists use them. */
const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

const SECOND_MS = 1000;
const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;

/** A size in words of at most 8 characters: `0 B`, `999 B`, `1.5 kB`, `12.3 MB`, `123 GB`. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (unit < BYTE_UNITS.length - 1 && roundsTo1000(value, unit)) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(digitsFor(value, unit))} ${BYTE_UNITS[unit] ?? ''}`;
}

/** A rate: `1.5 MB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/**
 * Whole percent of what is done, 0..100. Never 100 before everything is done, and 0 while the total is not known yet
 * (a total of 0 bytes counts as done only when `isDone` says so).
 */
export function percentOf(doneBytes: number, totalBytes: number, isDone: boolean): number {
  if (isDone) return 100;
  if (totalBytes <= 0) return 0;
  return Math.min(99, Math.max(0, Math.floor((doneBytes / totalBytes) * 100)));
}

/** Time left in words: `9 s left`, `2 min 5 s left`, `1 h 12 min left`. Empty when unknown. */
export function formatEta(etaMs: number | undefined): string {
  if (etaMs === undefined || !Number.isFinite(etaMs)) return '';
  const seconds = Math.max(1, Math.ceil(etaMs / SECOND_MS));
  if (seconds >= DAY_S) return 'more than a day left';
  if (seconds >= HOUR_S)
    return `${Math.floor(seconds / HOUR_S)} h ${Math.floor((seconds % HOUR_S) / MINUTE_S)} min left`;
  if (seconds >= 10 * MINUTE_S) return `${Math.floor(seconds / MINUTE_S)} min left`;
  if (seconds >= MINUTE_S) return `${Math.floor(seconds / MINUTE_S)} min ${seconds % MINUTE_S} s left`;
  return `${seconds} s left`;
}

/** A share ratio: `0.42`, `1.5`, `12`. Empty when unknown. */
export function formatRatio(ratio: number | undefined): string {
  if (ratio === undefined) return '';
  if (ratio < 1) return ratio.toFixed(2);
  return ratio < 10 ? ratio.toFixed(1) : ratio.toFixed(0);
}

/** A running clock: `0:07`, `12:30`, `1:02:03`. */
export function formatTimer(elapsedMs: number): string {
  const seconds = Math.max(0, Math.floor(elapsedMs / SECOND_MS));
  const minutes = Math.floor((seconds % HOUR_S) / MINUTE_S);
  const rest = String(seconds % MINUTE_S).padStart(2, '0');
  if (seconds < HOUR_S) return `${minutes}:${rest}`;
  return `${Math.floor(seconds / HOUR_S)}:${String(minutes).padStart(2, '0')}:${rest}`;
}

/** A round-trip time: `12 ms`. Empty when not measured. */
export function formatRtt(rttMs: number | undefined): string {
  return rttMs === undefined ? '' : `${Math.max(0, Math.round(rttMs))} ms`;
}

function roundsTo1000(value: number, unit: number): boolean {
  return Number(value.toFixed(digitsFor(value, unit))) >= 1000;
}

function digitsFor(value: number, unit: number): number {
  return unit === 0 || value >= 99.95 ? 0 : 1;
}
