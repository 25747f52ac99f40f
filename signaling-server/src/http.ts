import type { IncomingMessage, ServerResponse } from 'node:http';
import { MAX_TURN_CREDENTIAL_MS } from '../../shared/src/limits/signaling.ts';
import type { ServerConfig } from '../../shared/src/signaling/config.ts';
import { clientAddress, isFromLocalNetwork } from './address.ts';
import { type IceSettings, iceServers } from './ice.ts';
import { type Page, servePage } from './page.ts';
import type { RateLimits } from './rate-limits.ts';

/**
 * What the page may load and do. Scripts, styles, workers and media come from this server only (what a player shows comes
 * from the page's own service worker), and nothing may frame the page. It may connect anywhere: by websocket because its
 * user may name a signaling server, and by http because torrents name web seeds (BEP 19), which are read with neither
 * cookies nor referrer. A script that got in could send data out by either; that none gets in is the other lines' doing.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "connect-src 'self' ws: wss: http: https:",
  "media-src 'self' blob:",
  "img-src 'self' data: blob:",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SECURITY_HEADERS = {
  'permissions-policy': 'camera=(self), microphone=(self), display-capture=(self), geolocation=()',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const;

/** Serves the page in development, where it is made on request and brings inline scripts and styles with it. */
export type PageHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Figures for `/healthz`. */
export interface Health {
  readonly uptimeSeconds: number;
  readonly sockets: number;
  readonly peers: number;
  readonly swarms: number;
}

export interface HttpDeps {
  readonly ice: IceSettings;
  readonly limits: RateLimits;
  readonly trustedProxies: number;
  /** The page, once it is loaded. */
  page(): Page | PageHandler | undefined;
  health(): Health;
  lanUrls(): string[];
}

/** Answers everything that is not socket.io. Never throws, never rejects. */
export function createHttpHandler(deps: HttpDeps): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    handle(deps, request, response).catch(() => {
      if (!response.headersSent) sendText(response, 500, 'Something went wrong here. Please try again.');
      else response.destroy();
    });
  };
}

async function handle(deps: HttpDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const page = deps.page();
  const path = pathOf(request.url ?? '');
  if (path === undefined) return sendText(response, 400, 'That is no address of this server.');
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (!isRead) {
    response.setHeader('allow', 'GET, HEAD');
    return sendText(response, 405, 'This address can only be read.');
  }
  if (path === '/healthz') return sendJson(response, { ok: true, ...deps.health() });
  if (path === '/config.json') return sendConfig(deps, request, response);
  if (typeof page === 'function') return page(request, response);
  response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
  if (page && servePage(page, path, request, response)) return;
  sendText(response, 404, page ? 'There is nothing at this address.' : 'This server has no page, only signaling.');
}

async function sendConfig(deps: HttpDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // Pages of other origins may name this server; what it says depends on no cookie.
  response.setHeader('access-control-allow-origin', '*');
  if (!(await deps.limits.takeAddress('http', clientAddress(request, deps.trustedProxies)))) {
    return sendText(response, 429, 'Too many requests from this address. Please wait a minute.');
  }
  const config: ServerConfig = {
    iceServers: iceServers(deps.ice, Date.now()),
    iceTtlMs: MAX_TURN_CREDENTIAL_MS,
    // The addresses of this machine's network are nobody else's business.
    lanUrls: isFromLocalNetwork(request, deps.trustedProxies) ? deps.lanUrls() : [],
  };
  sendJson(response, config);
}

/** The path of a request target in origin form, without its query; undefined for any other form (RFC 9112 §3.2). */
function pathOf(target: string): string | undefined {
  if (!target.startsWith('/')) return undefined;
  const end = target.search(/[?#]/);
  try {
    return decodeURIComponent(end < 0 ? target : target.slice(0, end));
  } catch {
    return undefined;
  }
}

function sendJson(response: ServerResponse, value: object): void {
  response.setHeader('cache-control', 'no-store');
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(value));
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.setHeader('cache-control', 'no-store');
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}
