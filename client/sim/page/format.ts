import type { Spread } from '../summary.ts';
import type { Unit } from './bars.ts';

/** A figure with its unit; no spread behind a single run. */
export function formatFigure({ mean, spread }: Spread, unit: Unit, runs: number): string {
  const suffix = SUFFIX[unit];
  const middle = formatNumber(mean, unit);
  return runs > 1 ? `${middle} ± ${formatNumber(spread, unit)}${suffix}` : middle + suffix;
}

/** A number that a bar states, with its unit. */
export function formatBar(value: number, unit: Unit): string {
  if (unit === 'share') return `${Number((100 * value).toFixed(2))} %`;
  if (unit === 'seconds') return `${value} s`;
  return `${unit === 'hops' ? value : grouped(value)}${SUFFIX[unit]}`;
}

const SUFFIX: Readonly<Record<Unit, string>> = {
  share: ' %',
  hops: '',
  ms: ' ms',
  seconds: ' s',
  bytes: ' B/s',
  megabytes: ' MB',
  count: '',
};

function formatNumber(value: number, unit: Unit): string {
  switch (unit) {
    case 'share':
      return percent(value);
    case 'hops':
      return value.toFixed(2);
    case 'seconds':
      return (value / 1000).toFixed(1);
    case 'count':
      return String(Number(value.toFixed(1)));
    case 'ms':
    case 'bytes':
    case 'megabytes':
      return grouped(Math.round(value));
  }
}

/** As many decimals as set it apart from all and from none. */
function percent(value: number): string {
  const percents = 100 * value;
  return percents.toFixed(percents === 0 || percents === 100 ? 0 : percents > 99 || percents < 1 ? 3 : 1);
}

function grouped(value: number): string {
  return value.toLocaleString('en');
}

/** A table in Markdown; columns behind the first are aligned to the right when `isNumeric`. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], isNumeric = true): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = head.map((_, i) => (i > 0 && isNumeric ? '---:' : '---'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
