import { readFileSync } from 'node:fs';
import { fromHex } from '../src/bytes.ts';

const page = readFileSync(new URL('../PROTOCOL.md', import.meta.url), 'utf8');

/** The bytes of the block that `shared/PROTOCOL.md` marks `vector NAME`. White space in the block is ignored. */
export function vector(name: string): Uint8Array {
  const fence = '```';
  const start = page.indexOf(`${fence}vector ${name}\n`);
  if (start < 0) throw new Error(`shared/PROTOCOL.md has no vector ${name}`);
  const body = page.slice(page.indexOf('\n', start) + 1);
  const bytes = fromHex(body.slice(0, body.indexOf(fence)).replace(/\s+/g, ''));
  if (!bytes) throw new Error(`vector ${name} is not hex`);
  return bytes;
}

/** The names of all blocks that are marked `vector FAMILY/…`. */
export function vectorNames(family: string): string[] {
  return [...page.matchAll(/^```vector (\S+)$/gm)]
    .map((match) => match[1] as string)
    .filter((name) => name.startsWith(`${family}/`));
}
