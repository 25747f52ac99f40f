/** A mark of a chart. */
export interface Point {
  readonly x: number;
  readonly y: number;
  /** Drawn as a whisker up and down. */
  readonly spread?: number;
}

/** What one line or one set of marks shows. */
export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  /** `line` joins the points, `dashed` too, `marks` draws each alone with its name beside it. */
  readonly kind: 'line' | 'dashed' | 'marks';
  /** 0 to 3: darker means more, in a series of sizes. Without it: the grey of what others published. */
  readonly shade?: number;
}

/** One direction of a chart. */
export interface Axis {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly ticks: readonly number[];
  readonly isLogarithmic?: boolean;
  readonly format?: (value: number) => string;
}

/** A chart of lines over two axes. */
export interface LineChart {
  readonly title: string;
  /** For those who cannot see it. */
  readonly description: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** Where the lines leave room for their names. */
  readonly legend: 'left' | 'right';
}

/** A chart of one value for each row. */
export interface RowChart {
  readonly title: string;
  readonly description: string;
  readonly x: Axis;
  readonly rows: readonly RowOfChart[];
}

export interface RowOfChart {
  readonly label: string;
  readonly value: number;
  readonly spread: number;
  /** What it should at least be. */
  readonly bar?: number | undefined;
}

const WIDTH = 760;
const HEIGHT = 400;
const MARGIN = { top: 56, right: 24, bottom: 52, left: 60 };
const ROW_HEIGHT = 26;
const LABEL_WIDTH = 310;

/** Names of marks beyond this stand to their left. */
const NAME_ON_LEFT = 0.6 * WIDTH;

/** Room for the names of a legend on the right. */
const LEGEND_WIDTH = 150;

/** The page's colours decide: dark ink on light, light ink on dark; the blues of a series keep their order on both. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #333 }
  .title { font-weight: 600; font-size: 15px }
  .muted { fill: #666 }
  .grid { stroke: #8884; stroke-width: 1 }
  .axis { stroke: #888; stroke-width: 1 }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round }
  .dashed { stroke-dasharray: 5 4 }
  .s0 { stroke: #6da7ec; color: #6da7ec } .s1 { stroke: #2a78d6; color: #2a78d6 }
  .s2 { stroke: #1c5cab; color: #1c5cab } .s3 { stroke: #0d366b; color: #0d366b }
  .grey { stroke: #777; color: #777 }
  .dot { fill: currentColor; stroke: none }
  .hollow { fill: none; stroke-width: 1.5 }
  .bar { stroke: #c2410c; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #ddd } .muted { fill: #aaa }
    .s0 { stroke: #256abf; color: #256abf } .s1 { stroke: #5598e7; color: #5598e7 }
    .s2 { stroke: #86b6ef; color: #86b6ef } .s3 { stroke: #cde2fb; color: #cde2fb }
    .grey { stroke: #999; color: #999 } .bar { stroke: #fb923c }
  }`;

/** A chart of lines, as a file of its own. */
export function drawLines({ title, description, x, y, series, legend }: LineChart): string {
  const place = { x: scaleOf(x, MARGIN.left, WIDTH - MARGIN.right), y: scaleOf(y, HEIGHT - MARGIN.bottom, MARGIN.top) };
  const parts = [
    ...y.ticks.map((tick) => `<path class="grid" d="M${MARGIN.left} ${place.y(tick)}H${WIDTH - MARGIN.right}"/>`),
    ...y.ticks.map((tick) => text(MARGIN.left - 8, place.y(tick) + 4, label(y, tick), 'muted', 'end')),
    ...x.ticks.map((tick) => text(place.x(tick), HEIGHT - MARGIN.bottom + 20, label(x, tick), 'muted', 'middle')),
    `<path class="axis" d="M${MARGIN.left} ${HEIGHT - MARGIN.bottom}H${WIDTH - MARGIN.right}"/>`,
    text(MARGIN.left, MARGIN.top - 10, y.label, 'muted', 'start'),
    text(WIDTH - MARGIN.right, HEIGHT - 10, x.label, 'muted', 'end'),
    ...series.map((each) => drawSeries(each, place)),
    drawLegend(
      series.filter(({ kind }) => kind !== 'marks'),
      legend,
    ),
  ];
  return file(HEIGHT, title, description, parts);
}

/** A chart of rows, as a file of its own. */
export function drawRows({ title, description, x, rows }: RowChart): string {
  const height = MARGIN.top + ROW_HEIGHT * rows.length + MARGIN.bottom;
  const bottom = height - MARGIN.bottom;
  const place = scaleOf(x, LABEL_WIDTH, WIDTH - 60);
  const parts = [
    ...x.ticks.map((tick) => `<path class="grid" d="M${place(tick)} ${MARGIN.top - 6}V${bottom}"/>`),
    ...x.ticks.map((tick) => text(place(tick), bottom + 18, label(x, tick), 'muted', 'middle')),
    text(WIDTH - 60, height - 10, x.label, 'muted', 'end'),
    ...rows.map((row, i) => drawRow(row, x, place, MARGIN.top + ROW_HEIGHT * (i + 0.5))),
  ];
  return file(height, title, description, parts);
}

type Scale = (value: number) => number;

/** Values to places; what lies outside is drawn at the edge. */
function scaleOf({ min, max, isLogarithmic }: Axis, from: number, to: number): Scale {
  const position = (value: number): number => (isLogarithmic ? Math.log(value) : value);
  const [low, high] = [position(min), position(max)];
  return (value) => {
    const share = (position(Math.min(max, Math.max(min, value))) - low) / (high - low);
    return Number((from + share * (to - from)).toFixed(1));
  };
}

function drawSeries({ name, points, kind, shade }: Series, place: { readonly x: Scale; readonly y: Scale }): string {
  const colour = shade === undefined ? 'grey' : `s${shade}`;
  const at = points.map((point) => ({ ...point, left: place.x(point.x), top: place.y(point.y) }));
  if (kind === 'marks') return at.map(({ left, top }) => drawMark(name, left, top)).join('');
  const path = at.map(({ left, top }, i) => `${i === 0 ? 'M' : 'L'}${left} ${top}`).join('');
  const line = `<path class="line ${kind} ${colour}" d="${path}"/>`;
  const whiskers = at.map(({ left, y, spread = 0 }) =>
    spread === 0 ? '' : `<path class="${colour}" d="M${left} ${place.y(y - spread)}V${place.y(y + spread)}"/>`,
  );
  const dots =
    points.length > 12
      ? []
      : at.map(({ left, top }) => `<circle class="dot ${colour}" cx="${left}" cy="${top}" r="4"/>`);
  return [line, ...whiskers, ...dots].join('');
}

function drawMark(name: string, left: number, top: number): string {
  const isOnLeft = left > NAME_ON_LEFT;
  const words = text(left + (isOnLeft ? -9 : 9), top + 4, name, 'muted', isOnLeft ? 'end' : 'start');
  return `<circle class="hollow grey" cx="${left}" cy="${top}" r="4"/>${words}`;
}

function drawLegend(series: readonly Series[], side: LineChart['legend']): string {
  const left = side === 'left' ? MARGIN.left + 14 : WIDTH - MARGIN.right - LEGEND_WIDTH;
  return series
    .map(({ name, kind, shade }, i) => {
      const top = MARGIN.top + 12 + 18 * i;
      const colour = shade === undefined ? 'grey' : `s${shade}`;
      return `<path class="line ${kind} ${colour}" d="M${left} ${top - 4}h22"/>${text(left + 30, top, name, '', 'start')}`;
    })
    .join('');
}

function drawRow({ label: name, value, spread, bar }: RowOfChart, x: Axis, place: Scale, top: number): string {
  const from = place(value - spread);
  const to = place(value + spread);
  const parts = [
    text(LABEL_WIDTH - 12, top + 4, name, '', 'end'),
    bar === undefined ? '' : `<path class="bar" d="M${place(bar)} ${top - 9}v18"/>`,
    `<path class="line s1" d="M${from} ${top}H${to}"/>`,
    `<circle class="dot s1" cx="${place(value)}" cy="${top}" r="5"/>`,
    text(WIDTH - 8, top + 4, label(x, value), 'muted', 'end'),
  ];
  return parts.join('');
}

function label({ format = String }: Axis, value: number): string {
  return format(value);
}

function text(x: number, y: number, content: string, className: string, anchor: 'start' | 'middle' | 'end'): string {
  const style = className === '' ? '' : ` class="${className}"`;
  return `<text x="${x}" y="${y}"${style} text-anchor="${anchor}">${escaped(content)}</text>`;
}

function file(height: number, title: string, description: string, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<desc>${escaped(description)}</desc>`,
    `<style>${STYLE}\n</style>`,
    text(MARGIN.left, 20, title, 'title', 'start'),
    ...parts.filter((part) => part !== ''),
    '</svg>',
    '',
  ].join('\n');
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
