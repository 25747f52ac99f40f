import { type IncomingMessage, type Server as HttpServer, createServer as createHttpServer } from 'node:http';
import type { Socket as NetSocket } from 'node:net';
import { Server as SocketIoServer } from 'socket.io';
import { MAX_SIGNALING_MESSAGE_BYTES, PING_INTERVAL_MS, PING_TIMEOUT_MS } from '../../shared/src/limits/signaling.ts';
import { clientAddress, lanAddresses, socketAddress } from './address.ts';
import { Backlog, MAX_WAITING_BYTES } from './backlog.ts';
import { type PageHandler, createHttpHandler } from './http.ts';
import { type IceSettings, NO_ICE } from './ice.ts';
import { checkOptions } from './options.ts';
import { type Page, loadPage } from './page.ts';
import { systemRng } from './random.ts';
import { type Allowances, RateLimits } from './rate-limits.ts';
import { type SignalingIo, SignalingService } from './signaling.ts';
import { TrackerHost } from './tracker-host.ts';
import { type EngineSocket, boundWaiting, keepToOneConversation } from './websockets.ts';

/** Most open sockets, and most of one address. That of a joined tab costs about 25 kB (`npm run bench -- server`). */
const MAX_SOCKETS = 20_000;
const MAX_SOCKETS_PER_ADDRESS = 1_000;

/** Most TCP connections beside those of sockets: they load the page, and ask for what is no socket. */
const MAX_PAGE_CONNECTIONS = 4_000;

/** Most TCP connections of one address: those of its sockets, and as many that load the page. Without it one address could take all. */
const MAX_CONNECTIONS_PER_ADDRESS = 2 * MAX_SOCKETS_PER_ADDRESS;

/** How long a new socket may take until it speaks socket.io. [ms] */
const CONNECT_TIMEOUT_MS = 5_000;

/** How long closing waits for the other ends to say good-bye. [ms] */
const CLOSE_GRACE_MS = 300;

/** Times for whole request headers and whole requests. [ms] All of ours are a few hundred bytes. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 15_000;

export interface ServerOptions {
  /** TCP port; 0 takes any free one. Default 8080. */
  readonly port?: number;
  /** Address to listen on. Default: all. */
  readonly host?: string;
  /** Folder of the built page, or what serves it in development. Without it there is signaling only. */
  readonly page?: string | PageHandler;
  readonly ice?: IceSettings;
  /** Hosts (`name` or `name:port`) under which clients know this server. Default: whatever their requests name. */
  readonly publicHosts?: readonly string[];
  /** Number of reverse proxies in front whose `x-forwarded-for` is believed. Default 0. */
  readonly trustedProxies?: number;
  /** Other rate limits than the usual ones, by event class. */
  readonly allowances?: Partial<Allowances>;
  /** Other caps than the usual ones. */
  readonly caps?: Partial<ServerCaps>;
}

/** What clients may take up. */
export interface ServerCaps {
  /** Bytes that wait for websockets whose other ends do not read, over all of them. */
  readonly waitingBytes: number;
  /** TCP connections of one address, unless there is a proxy in front. */
  readonly connectionsPerAddress: number;
  /** Open sockets. */
  readonly sockets: number;
}

const CAPS: ServerCaps = {
  waitingBytes: MAX_WAITING_BYTES,
  connectionsPerAddress: MAX_CONNECTIONS_PER_ADDRESS,
  sockets: MAX_SOCKETS,
};

export interface SignalingServer {
  /** Origin for clients on this machine. Known once `listen` has resolved. */
  readonly url: string;
  /** Origins for other devices of the local network; empty when the server listens on one address only. */
  readonly lanUrls: string[];
  readonly http: HttpServer;
  /**
   * Resolves when connections are taken; rejects with the error of `node:net`, such as `EADDRINUSE`, for a page that cannot be
   * read, and once it was closed: make another one.
   */
  listen(): Promise<void>;
  /** Closes every socket and stops listening. Idempotent, and done within half a second. */
  close(): Promise<void>;
}

/** Page, introductions, tracker and signal relay on one port. Throws a `TypeError` that names the option which is wrong. */
export function createServer(options: ServerOptions = {}): SignalingServer {
  checkOptions(options);
  return new Composition(options);
}

class Composition implements SignalingServer {
  readonly http: HttpServer;
  readonly #options: ServerOptions;
  readonly #limits: RateLimits;
  readonly #io: SignalingIo;
  readonly #signaling: SignalingService;
  readonly #tracker: TrackerHost;
  /** Every TCP socket, so that closing need not wait for those that do not close. BOUNDED: by MAX_SOCKETS and MAX_PAGE_CONNECTIONS. */
  readonly #sockets = new Set<NetSocket>();
  /** BOUNDED: by the websockets, which MAX_SOCKETS bounds. */
  readonly #socketsPerAddress = new Map<string, number>();
  /** BOUNDED: by the TCP sockets. */
  readonly #connectionsPerAddress = new Map<string, number>();
  readonly #caps: ServerCaps;
  readonly #backlog: Backlog;
  #page: Page | PageHandler | undefined;
  /** Never rejects. */
  #starting: Promise<unknown> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#caps = { ...CAPS, ...options.caps };
    this.#backlog = new Backlog(this.#caps.waitingBytes);
    const rng = systemRng();
    this.#limits = new RateLimits(options.allowances);
    this.#tracker = new TrackerHost(rng);
    this.http = createHttpServer(
      { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
      this.#httpHandler(),
    );
    // Without a listener, running out of file descriptors would end the process instead of one connection.
    this.http.on('error', () => undefined);
    this.http.maxConnections = this.#caps.sockets + MAX_PAGE_CONNECTIONS;
    this.http.on('connection', (socket) => this.#track(socket));
    this.#io = new SocketIoServer(this.http, {
      transports: ['websocket'],
      serveClient: false,
      maxHttpBufferSize: MAX_SIGNALING_MESSAGE_BYTES,
      pingInterval: PING_INTERVAL_MS,
      pingTimeout: PING_TIMEOUT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      perMessageDeflate: false,
      allowRequest: (request, decide) => void this.#admit(request).then((isAllowed) => decide(null, isAllowed)),
    });
    this.#signaling = new SignalingService(this.#io, {
      limits: this.#limits,
      tracker: this.#tracker,
      rng,
      addressOf: (socket) => this.#addressOf(socket.request),
      hostsOf: (socket) => this.#hostsOf(socket.request),
    });
    this.#io.engine.on('connection', (socket: EngineSocket) => {
      const address = this.#addressOf(socket.request);
      count(this.#socketsPerAddress, address, 1);
      socket.on('close', () => count(this.#socketsPerAddress, address, -1));
      boundWaiting(socket, this.#backlog);
      keepToOneConversation(socket);
    });
  }

  get url(): string {
    const { host } = this.#options;
    const name = host === undefined || host === '0.0.0.0' || host === '::' ? 'localhost' : host;
    return originOf(name, this.#port);
  }

  get lanUrls(): string[] {
    const { host } = this.#options;
    if (host !== undefined && host !== '0.0.0.0' && host !== '::') return [];
    return lanAddresses().map((address) => originOf(address, this.#port));
  }

  listen(): Promise<void> {
    const listening = this.#listen();
    this.#starting = Promise.allSettled([this.#starting, listening]);
    return listening;
  }

  async #listen(): Promise<void> {
    const { page, port = 8080, host } = this.#options;
    this.#page = typeof page === 'string' ? await loadPage(page) : page;
    if (this.#closing) throw new Error('This server was closed.');
    await new Promise<void>((resolve, reject) => {
      this.http.once('error', reject);
      this.http.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
        this.http.off('error', reject);
        resolve();
      });
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // What does not listen yet cannot be closed, and would listen afterwards.
    await this.#starting;
    this.#tracker.close();
    const closed = this.#io.close();
    this.http.closeIdleConnections();
    // Good-byes are on their way; whoever does not answer them is cut off.
    const cutOff = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, CLOSE_GRACE_MS);
    await closed;
    clearTimeout(cutOff);
  }

  get #port(): number {
    const address = this.http.address();
    return typeof address === 'object' && address ? address.port : (this.#options.port ?? 8080);
  }

  #httpHandler(): PageHandler {
    return createHttpHandler({
      page: () => this.#page,
      ice: this.#options.ice ?? NO_ICE,
      limits: this.#limits,
      trustedProxies: this.#options.trustedProxies ?? 0,
      health: () => ({
        uptimeSeconds: Math.floor(process.uptime()),
        sockets: this.#io.engine.clientsCount,
        peers: this.#signaling.peerCount,
        swarms: this.#tracker.swarmCount,
      }),
      lanUrls: () => this.lanUrls,
    });
  }

  async #admit(request: IncomingMessage): Promise<boolean> {
    const address = this.#addressOf(request);
    if (this.#io.engine.clientsCount >= this.#caps.sockets) return false;
    if ((this.#socketsPerAddress.get(address) ?? 0) >= MAX_SOCKETS_PER_ADDRESS) return false;
    return this.#limits.takeAddress('connect', address);
  }

  #addressOf(request: IncomingMessage): string {
    return clientAddress(request, this.#options.trustedProxies ?? 0);
  }

  #hostsOf(request: IncomingMessage): readonly string[] {
    const { publicHosts = [] } = this.#options;
    return publicHosts.length > 0 ? publicHosts : [request.headers.host ?? ''];
  }

  #track(socket: NetSocket): void {
    const address = socketAddress(socket);
    this.#sockets.add(socket);
    count(this.#connectionsPerAddress, address, 1);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      count(this.#connectionsPerAddress, address, -1);
    });
    // A proxy's address is everybody's.
    if ((this.#options.trustedProxies ?? 0) > 0) return;
    if ((this.#connectionsPerAddress.get(address) ?? 0) > this.#caps.connectionsPerAddress) socket.destroy();
  }
}

function count(counts: Map<string, number>, address: string, change: 1 | -1): void {
  const changed = (counts.get(address) ?? 0) + change;
  if (changed > 0) counts.set(address, changed);
  else counts.delete(address);
}

function originOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}${port === 80 ? '' : `:${port}`}`;
}
