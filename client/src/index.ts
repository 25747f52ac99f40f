import { browserClock } from './adapters/browser/clock.ts';
import { loadIdentity } from './adapters/browser/identity.ts';
import { createLog } from './adapters/browser/log.ts';
import { browserRng } from './adapters/browser/rng.ts';
import { SocketSignaling } from './adapters/browser/signaling.ts';
import { SimplePeerConnector } from './adapters/browser/simple-peer-connector.ts';
import { DESKTOP_LEDGER, type LedgerLimits, PHONE_LEDGER } from '../../shared/src/limits/links.ts';
import type { BroadcastTabs } from './adapters/browser/tabs.ts';
import { fetchAhead } from './ahead.ts';
import { type JoinOptions, type Node, SkeinError } from './api.ts';
import type { Log } from './ports/log.ts';
import { type IceConfig, fixedIceConfig, ServerIceConfig } from './runtime/ice-config.ts';
import { fetchSwarm } from './runtime/lazy-swarm.ts';
import { SkeinNode } from './runtime/node.ts';

export * from './api.ts';

/** Fewest links to aim for. [links] With fewer, one leaving neighbour can cut a peer off. */
const MIN_LINKS = 3;

/**
 * Joins the network and resolves to the running node: it finds and links peers by itself from then on, with or without
 * the server. Rejects with `no-webrtc` where the browser has none, with `aborted`, and with `bad-argument` for an option that
 * is wrong, which the message names. Without a server in reach it resolves all the same: `status` says how it goes on.
 */
export async function join(options: JoinOptions = {}): Promise<Node> {
  if (typeof RTCPeerConnection === 'undefined') {
    throw new SkeinError(
      'no-webrtc',
      'This browser has no WebRTC, or it is switched off. Open the page in a current Firefox, Chrome, Edge or Safari.',
    );
  }
  throwIfAborted(options.signal);
  const log = createLog();
  const origin = options.signaling === false ? undefined : (options.signaling ?? location.origin);
  checkOptions(options, origin);
  const ice = createIceConfig(options, origin, log);
  // While keys and ICE servers are on their way. The node asks for it again, and says so if it does not come.
  void fetchSwarm().catch(() => undefined);
  const [identity, Tabs] = await Promise.all([
    loadIdentity({ storage: options.storage ?? 'persistent' }),
    fetchTabs(log),
    ice.fresh(),
  ]);
  if (options.signal?.aborted) identity.release();
  throwIfAborted(options.signal);
  const { crypto } = identity;
  const end = new AbortController();
  const untilEnd = { signal: end.signal };
  const signaling = origin === undefined ? undefined : new SocketSignaling({ url: origin, crypto, log });
  const node = new SkeinNode({
    crypto,
    clock: browserClock,
    rng: browserRng,
    log,
    connector: new SimplePeerConnector(log),
    loadMedia: () => import('./adapters/browser/media.ts').then((code) => new code.BrowserMedia()),
    ice,
    signaling,
    tabs: Tabs && new Tabs(crypto.self, browserClock),
    createWorker: () => {
      const worker = new Worker(new URL('./worker/main.ts', import.meta.url), { type: 'module', name: 'skein-swarm' });
      void import('./adapters/browser/alarm.ts').then(
        ({ wakeBy }) => wakeBy(worker),
        () => undefined,
      );
      return worker;
    },
    loadMediaStreams: async () =>
      new (await fetchStreams()).ServiceWorkerStreams(
        new URL(options.mediaWorker ?? 'media-worker.js', document.baseURI),
      ),
    loadStrangers: fetchStrangers,
    name: options.name ?? identity.name,
    saveName: (name) => void identity.saveName(name),
    releaseIdentity: () => {
      identity.release();
      end.abort();
    },
    ledger: chooseLedger(options.links),
    relayOnly: options.iceTransportPolicy === 'relay',
    storage: isSecureContext ? (options.storage ?? 'persistent') : 'memory',
    isSecure: isSecureContext,
  });
  addEventListener('online', () => signaling?.hurry(), untilEnd);
  // A page that the Back button may bring back goes on then, as after a sleep: who said goodbye would not.
  addEventListener('pagehide', ({ persisted }) => persisted || node.sayBye(), untilEnd);
  options.signal?.addEventListener('abort', () => void node.leave(), untilEnd);
  await node.start();
  if (options.signal?.aborted) await node.leave();
  throwIfAborted(options.signal);
  fetchAhead([fetchStrangers, fetchStreams], () => node.hasLeft);
  return node;
}

/** The code for WebTorrent's swarms. */
function fetchStrangers(): Promise<typeof import('./strangers.ts')> {
  return import('./strangers.ts');
}

/** The code for playing. */
function fetchStreams(): Promise<typeof import('./adapters/browser/media-streams.ts')> {
  return import('./adapters/browser/media-streams.ts');
}

/** The code with which tabs of one browser meet; undefined where they cannot, or it did not come: then they meet through the server. */
async function fetchTabs(log: Log): Promise<typeof BroadcastTabs | undefined> {
  if (typeof BroadcastChannel === 'undefined') return undefined;
  try {
    return (await import('./adapters/browser/tabs.ts')).BroadcastTabs;
  } catch (error) {
    log.log('warn', 'tabs of this browser cannot meet without the server', { error: String(error) });
    return undefined;
  }
}

function chooseLedger(target: number | undefined): LedgerLimits {
  const limits = matchMedia('(pointer: coarse) and (max-device-width: 800px)').matches ? PHONE_LEDGER : DESKTOP_LEDGER;
  if (target === undefined) return limits;
  const overlayTarget = Math.min(Math.max(Math.floor(target) || 0, MIN_LINKS), DESKTOP_LEDGER.overlayHard);
  // Room above the target for links that others need, as much in proportion as by default.
  const overlayHard = Math.min(DESKTOP_LEDGER.overlayHard, Math.ceil(overlayTarget * 1.6));
  return { ...limits, overlayTarget, overlayHard };
}

/** Throws `bad-argument`, naming the option, for what would otherwise be misread without a word. */
function checkOptions(options: JoinOptions, origin: string | undefined): void {
  const wrong = Object.entries({
    signaling: origin !== undefined && !(/^https?:/i.test(origin) && URL.canParse(origin)),
    name: typeof (options.name ?? '') !== 'string',
    storage: !['persistent', 'memory'].includes(options.storage ?? 'memory'),
    links: Number.isNaN(Number(options.links ?? 0)),
    mediaWorker: !URL.canParse(options.mediaWorker ?? '', document.baseURI),
    signal: options.signal && !('aborted' in options.signal),
  }).find(([, isWrong]) => isWrong);
  if (wrong) throw new SkeinError('bad-argument', `The option ${wrong[0]} is not what join takes for it.`);
  try {
    if (options.iceServers ?? options.iceTransportPolicy) new RTCPeerConnection(options as RTCConfiguration).close();
  } catch (cause) {
    throw new SkeinError('bad-argument', `iceServers, iceTransportPolicy: ${String(cause)}`, { cause });
  }
}

function createIceConfig(options: JoinOptions, origin: string | undefined, log: Log): IceConfig {
  if (options.iceServers || origin === undefined) return fixedIceConfig(options.iceServers ?? []);
  return new ServerIceConfig(origin, log);
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new SkeinError('aborted', 'Joining was cancelled.');
}
