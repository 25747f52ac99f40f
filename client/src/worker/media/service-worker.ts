import { type ClaimRequest, MEDIA_FOLDER, type MediaHead, type MediaRequest, parseMediaPath } from './messages.ts';
import { streamOfPort } from './port-stream.ts';

/**
 * Entry of the service worker: answers players of the page with bytes from the page's swarm worker. It keeps nothing and
 * touches no other request.
 */

declare const self: ServiceWorkerGlobalScope;

/** How long the page may take to say what it has. [ms] It answers within a turn; a page that is gone never does. */
const HEAD_PATIENCE_MS = 10_000;

/** Who may be given bytes: players, and scripts of the page itself. Never a document, a frame or a script. */
const DESTINATIONS: readonly RequestDestination[] = ['', 'audio', 'video'];

/** The part of an install event that TypeScript's library leaves out: the static routing of Chromium. */
interface RoutedInstall extends ExtendableEvent {
  addRoutes?: (rules: readonly object[]) => Promise<void>;
}

self.addEventListener('install', (event: RoutedInstall) => {
  void self.skipWaiting();
  // Everything else goes straight to the network, without waking the service worker up.
  const path = `${new URL(self.registration.scope).pathname}${MEDIA_FOLDER}/*`;
  const others = { condition: { not: { urlPattern: { pathname: path } } }, source: 'network' };
  // Where it is not known, or known in another form, the worker is only woken up more often.
  event.waitUntil(Promise.resolve(event.addRoutes?.([others])).catch(() => undefined));
});

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('message', (event) => {
  const request = event.data as ClaimRequest | undefined;
  if (request?.kind === 'skein-claim') event.waitUntil(self.clients.claim());
});

self.addEventListener('fetch', (event) => {
  const { request, clientId } = event;
  if (!request.url.startsWith(self.registration.scope) || request.method !== 'GET') return;
  const file = parseMediaPath(request.url.slice(self.registration.scope.length));
  if (!file || !DESTINATIONS.includes(request.destination) || request.mode === 'navigate') return;
  const wanted: MediaRequest = { kind: 'skein-media', ...file, range: request.headers.get('range') };
  event.respondWith(answer(clientId, wanted));
});

async function answer(clientId: string, wanted: MediaRequest): Promise<Response> {
  const client = await self.clients.get(clientId);
  if (!client) return new Response(null, { status: 404 });
  const { port1, port2 } = new MessageChannel();
  client.postMessage(wanted, [port2]);
  const head = await headFrom(port1);
  if (head?.kind !== 'head') {
    port1.close();
    return new Response(null, { status: head ? 404 : 504 });
  }
  // A failure may come before the first read.
  let early: MessageEvent | undefined;
  port1.onmessage = (event) => (early = event);
  const headers = head.headers.map(([name, value]): [string, string] => [name, value]);
  const body = streamOfPort(
    () => {
      if (early) setTimeout((event: MessageEvent) => port1.onmessage?.call(port1, event), 0, early);
      return port1;
    },
    ({ message }) => new Error(message),
  );
  return new Response(body, { status: head.status, headers });
}

/** The page's first word; undefined when it says nothing in time. */
function headFrom(port: MessagePort): Promise<MediaHead | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), HEAD_PATIENCE_MS);
    port.onmessage = ({ data }: MessageEvent<MediaHead>) => {
      clearTimeout(timer);
      resolve(data);
    };
  });
}
