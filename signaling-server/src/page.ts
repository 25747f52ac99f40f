import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** Most bytes that a page may have. [bytes] It is kept in memory; ours is below 1 MB. */
const MAX_PAGE_BYTES = 64 * 1024 * 1024;

/** Vite names what it builds after its content, so such a file never changes. */
const HASHED_NAME = /^\/assets\/.*-[\w-]{8}\.\w+$/;

const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  ['html', 'text/html; charset=utf-8'],
  ['js', 'text/javascript; charset=utf-8'],
  ['css', 'text/css; charset=utf-8'],
  ['json', 'application/json; charset=utf-8'],
  ['webmanifest', 'application/manifest+json; charset=utf-8'],
  ['svg', 'image/svg+xml; charset=utf-8'],
  ['txt', 'text/plain; charset=utf-8'],
  ['map', 'application/json; charset=utf-8'],
  ['wasm', 'application/wasm'],
  ['png', 'image/png'],
  ['ico', 'image/x-icon'],
  ['woff2', 'font/woff2'],
  ['mp3', 'audio/mpeg'],
  ['ogg', 'audio/ogg'],
]);

interface PageFile {
  readonly type: string;
  readonly etag: string;
  readonly cacheControl: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer | undefined;
}

/**
 * The files of the page by URL path, read and compressed once. Serving from memory leaves no path to escape from, and
 * a page that is rebuilt under a running server stays whole.
 */
export type Page = ReadonlyMap<string, PageFile>;

export async function loadPage(folder: string): Promise<Page> {
  const page = new Map<string, PageFile>(); // BOUNDED: by MAX_PAGE_BYTES.
  let total = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const urlPath = `/${relative(folder, path).split(sep).join('/')}`;
    if (!entry.isFile() || urlPath.includes('/.')) continue;
    const bytes = await readFile(path);
    total += bytes.length;
    if (total > MAX_PAGE_BYTES)
      throw new Error(`The page in ${folder} is larger than 64 MB; it is not the built page.`);
    page.set(urlPath, await describe(urlPath, bytes));
  }
  const index = page.get('/index.html');
  if (index) page.set('/', index);
  return page;
}

/** Answers a GET or HEAD of a file of the page; false when there is none under that path. */
export function servePage(page: Page, path: string, request: IncomingMessage, response: ServerResponse): boolean {
  const file = page.get(path);
  if (!file) return false;
  const { type, etag, cacheControl, gzipped } = file;
  response.setHeader('cache-control', cacheControl);
  response.setHeader('etag', etag);
  if (gzipped) response.setHeader('vary', 'accept-encoding');
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return true;
  }
  const isGzip = gzipped && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const body = isGzip ? gzipped : file.bytes;
  if (isGzip) response.setHeader('content-encoding', 'gzip');
  response.writeHead(200, { 'content-type': type, 'content-length': body.length });
  response.end(request.method === 'HEAD' ? undefined : body);
  return true;
}

async function describe(urlPath: string, bytes: Buffer): Promise<PageFile> {
  const type = CONTENT_TYPES.get(urlPath.slice(urlPath.lastIndexOf('.') + 1)) ?? 'application/octet-stream';
  const isText = /^text|json|svg|wasm/.test(type);
  const gzipped = isText && bytes.length > 512 ? await promisify(gzip)(bytes, { level: 9 }) : undefined;
  return {
    type,
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    cacheControl: HASHED_NAME.test(urlPath) ? 'public, max-age=31536000, immutable' : 'no-cache',
    bytes,
    gzipped: gzipped && gzipped.length < bytes.length ? gzipped : undefined,
  };
}
