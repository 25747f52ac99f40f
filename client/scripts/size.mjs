/**
 * Prints what the first load of the built page weighs, gzipped, and fails above the budget: index.html, its scripts and
 * style sheets, everything those scripts import statically, and preloads. What is fetched behind it (panels, files,
 * calls, the worker, QR codes, zip archives) is listed and summed up but not counted: the page shows itself and links
 * peers without it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** Most that the first load may weigh. [bytes, gzipped] */
const BUDGET_BYTES = 120_000;

const page = fileURLToPath(new URL('../../dist/page/', import.meta.url));

/** @type {Map<string, number>} Weight of each counted file by its path in the page. */
const counted = new Map();

count('index.html');
const html = readFileSync(join(page, 'index.html'), 'utf8');
for (const [, file] of html.matchAll(/(?:src|href)="\.?\/?([^"]+\.(?:js|css|svg))"/g)) count(file);

const others = readdirSync(join(page, 'assets'))
  .map((name) => join('assets', name))
  .filter((file) => /\.(?:js|css)$/.test(file) && !counted.has(file));

for (const [file, bytes] of counted) print(bytes, file);
for (const file of others) print(weigh(file), `${file} (later)`);
const total = sum([...counted.values()]);
print(sum(others.map(weigh)), 'fetched behind it');
print(total, `first load, of ${(BUDGET_BYTES / 1000).toFixed(0)} kB`);
if (total > BUDGET_BYTES) {
  process.stderr.write(`The first load is ${total - BUDGET_BYTES} bytes over its budget.\n`);
  process.exitCode = 1;
}

/** Counts a file and, for a script, what it imports before it runs. */
function count(file) {
  if (counted.has(file)) return;
  counted.set(file, weigh(file));
  if (!file.endsWith('.js')) return;
  const source = readFileSync(join(page, file), 'utf8');
  for (const [, specifier] of source.matchAll(/(?:\bfrom|\bimport)\s*["'](\.[^"']+\.js)["']/g)) {
    count(relative(page, join(page, dirname(file), specifier)));
  }
}

function sum(weights) {
  return weights.reduce((total, bytes) => total + bytes, 0);
}

function weigh(file) {
  return gzipSync(readFileSync(join(page, file)), { level: 9 }).length;
}

function print(bytes, what) {
  process.stdout.write(`${(bytes / 1000).toFixed(1).padStart(7)} kB  ${what}\n`);
}
