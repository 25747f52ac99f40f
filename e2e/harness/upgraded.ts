import { cp, mkdir, mkdtemp, readFile, readdir, rename, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './root.ts';

/** The hash in the name of an asset, as Vite writes it: `index-BvAdqheX.js`. */
const HASH = /-([\w-]{8})\.\w+$/;

/** What the next version's document says, and its service worker when it is asked. */
export const NEXT_BUILD = 'next';

/**
 * Builds the next version of the project, as it looks to a browser: every script and style has another name and another
 * content, none of the old names is there any more, and the service worker, whose name stays, has another content. Returns
 * the folder, which the caller removes.
 */
export async function buildNext(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-next-'));
  await mkdir(join(folder, 'dist'));
  for (const part of ['page', 'shared', 'signaling-server'])
    await cp(join(ROOT, 'dist', part), join(folder, 'dist', part), { recursive: true });
  await cp(join(ROOT, 'package.json'), join(folder, 'package.json'));
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await changePage(join(folder, 'dist/page'));
  return folder;
}

async function changePage(page: string): Promise<void> {
  const assets = join(page, 'assets');
  const names = await readdir(assets);
  const hashes = names.map((name) => HASH.exec(name)?.[1]).filter((hash) => hash !== undefined);
  const renamed = (text: string): string =>
    hashes.reduce((all, hash) => all.replaceAll(hash, Array.from(hash).toReversed().join('')), text);
  for (const name of names) {
    const path = join(assets, name);
    if (/\.(js|css)$/.test(name)) await change(path, (text) => `${renamed(text)}\n/* ${NEXT_BUILD} */\n`);
    await rename(path, join(assets, renamed(name)));
  }
  const meta = `<meta name="build" content="${NEXT_BUILD}" />`;
  await change(join(page, 'index.html'), (text) => renamed(text).replace('</head>', `${meta}</head>`));
  const answer = `self.addEventListener('message', ({ data, ports: [port] }) => data === 'build' && port.postMessage('${NEXT_BUILD}'));`;
  await change(join(page, 'media-worker.js'), (text) => `${text}\n${answer}\n`);
}

async function change(path: string, edit: (text: string) => string): Promise<void> {
  await writeFile(path, edit(await readFile(path, 'utf8')));
}
