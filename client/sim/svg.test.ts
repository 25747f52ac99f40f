import { expect, test } from 'vitest';
import { type LineChart, drawLines, drawRows } from './svg.ts';

const CHART: LineChart = {
  title: 'Hops & <size>',
  description: '3 "hops"',
  x: { label: 'peers', min: 100, max: 10_000, isLogarithmic: true, ticks: [100, 1_000, 10_000] },
  y: { label: 'hops', min: 0, max: 10, ticks: [0, 5, 10], format: (value) => `${value} h` },
  series: [
    {
      name: 'ours',
      points: [
        { x: 100, y: 0 },
        { x: 10_000, y: 10, spread: 1 },
      ],
      kind: 'line',
      shade: 1,
    },
    { name: 'theirs', points: [{ x: 1_000, y: 5 }], kind: 'marks' },
  ],
  legend: 'left',
};

/** Every number that a drawing has in its attributes. */
function coordinates(svg: string): number[] {
  return [...svg.matchAll(/ (?:d|cx|cy|x|y)="([^"]*)"/g)].flatMap(([, value = '']) =>
    [...value.matchAll(/NaN|Infinity|-?\d+(?:\.\d+)?/g)].map(([number]) => Number(number)),
  );
}

test('the ends of the axes are the ends of the drawing, the middle of a logarithmic one its geometric mean', () => {
  const svg = drawLines(CHART);
  expect(svg).toContain('d="M60 348L736 56"');
  expect(svg).toContain('cx="398" cy="202"');
});

test('a spread is drawn as a whisker, cut off at the edge', () => {
  expect(drawLines(CHART)).toContain('d="M736 85.2V56"');
});

test('the name of a mark stands on the side where there is room', () => {
  const far = { name: 'theirs', points: [{ x: 10_000, y: 5 }], kind: 'marks' } as const;
  expect(drawLines(CHART)).toContain('x="407" y="206" class="muted" text-anchor="start">theirs<');
  expect(drawLines({ ...CHART, series: [far] })).toContain('x="727" y="206" class="muted" text-anchor="end">theirs<');
});

test('titles and names cannot break the drawing', () => {
  const svg = drawLines(CHART);
  expect(svg).toContain('<title>Hops &amp; &lt;size&gt;</title>');
  expect(svg).toContain('<desc>3 &quot;hops&quot;</desc>');
});

test('ticks are written as the axis says, and both colour schemes have their ink', () => {
  const svg = drawLines(CHART);
  expect(svg).toContain('>5 h</text>');
  expect(svg).toContain('@media (prefers-color-scheme: dark)');
});

test('a series without points leaves the chart drawable', () => {
  const svg = drawLines({ ...CHART, series: [{ name: 'nothing', points: [], kind: 'line' }] });
  expect(coordinates(svg).every(Number.isFinite)).toBe(true);
});

test('rows stand below each other, with a mark where the value should at least be', () => {
  const x = { label: '%', min: 90, max: 100, ticks: [90, 100] };
  const svg = drawRows({
    title: 'Success',
    description: '',
    x,
    rows: [
      { label: 'first', value: 100, spread: 0, bar: 95 },
      { label: 'second', value: 95, spread: 5 },
    ],
  });
  expect(svg.match(/class="bar"/g)).toHaveLength(1);
  expect(svg).toContain('cx="700" cy="69"');
  expect(svg).toContain('d="M310 95H700"');
  expect(coordinates(svg).every(Number.isFinite)).toBe(true);
});
