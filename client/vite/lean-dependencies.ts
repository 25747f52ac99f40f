import type { Plugin } from 'vite';

/** engine.io's list of transports, as its browser build has it. */
const TRANSPORTS = /engine\.io-client\/build\/esm\/transports\/index\.js$/;

/** Methods that do nothing here, by the end of the module of their class. */
const IDLE_METHODS: readonly (readonly [module: string, methods: readonly string[]])[] = [
  // What tries another transport beside the present one.
  ['/engine.io-client/build/esm/socket.js', ['_probe']],
  // What sends again what was not acknowledged, which is switched off unless `retries` say how often; listeners to whatever
  // goes in or out; and other names and ways of sending.
  [
    '/socket.io-client/build/esm/socket.js',
    [
      '_addToQueue',
      '_drainQueue',
      'onAny',
      'prependAny',
      'offAny',
      'listenersAny',
      'onAnyOutgoing',
      'prependAnyOutgoing',
      'offAnyOutgoing',
      'listenersAnyOutgoing',
      'notifyOutgoingListeners',
      'send',
      'compress',
    ],
  ],
];

/** Modules of the portable cryptography, copies made for it included. */
const PORTABLE = /@noble\/(?:curves|ciphers)\/|\/adapters\/portable\/|\?portable$/;

/** Modules of the hash functions. */
const HASHES = /@noble\/hashes\/[^?]+$/;

/**
 * Leaves engine.io's polling and WebTransport out of the page: the server speaks websocket only. Without this they
 * come along whether used or not, since socket.io names them all in one table. Where there is one transport it has no other to
 * change to. Saves 3.5 kB of the first load; the other methods that do nothing here another 0.3 kB.
 */
function websocketOnly(): Plugin {
  return {
    name: 'websocket-only',
    apply: 'build',
    load(id) {
      if (!TRANSPORTS.test(id)) return undefined;
      const code = "import { WS } from './websocket.js';\nexport const transports = { websocket: WS };\n";
      return { code, moduleSideEffects: false };
    },
    transform(code, id) {
      const [module, methods = []] = IDLE_METHODS.find(([end]) => id.endsWith(end)) ?? [];
      return module && { code: methods.reduce(withoutBody, code), map: null };
    },
  };
}

/** The code of a class with nothing in this method of it. */
function withoutBody(code: string, method: string): string {
  const whole = new RegExp(`\\n {4}${method}\\([^)]*\\) \\{[^]*?\\n {4}\\}\\n`);
  if (!whole.test(code)) throw new Error(`there is no method ${method} of the form expected`);
  return code.replace(whole, `\n    ${method}() {}\n`);
}

/** The bundle of simple-peer, and what of it is never used here, each with what stands in for it. */
const SIMPLE_PEER = /simple-peer\/simplepeer\.min\.js$/;
const UNUSED: readonly (readonly [module: string, instead: string])[] = [
  // Messages for its authors, and what these alone need: the page has a log of its own.
  ['ms', '{}'],
  ['./common', '{}'],
  ['debug', 'function(){return function(){}}'],
  // Names a peer in those messages, and a channel that is given no name: all are given one.
  ['randombytes', 'function(){return""}'],
  ['safe-buffer', '{}'],
  // Loaded by streams that are read as text, and by those that are read in `for await`.
  ['string_decoder/', '{}'],
  ['./internal/streams/async_iterator', '{}'],
  // Sentences for those who use streams wrongly, and classes and codes for each: nothing asks which it is.
  ['../errors', '{codes:new Proxy({},{get:()=>Error})}'],
  // Warns those who use what streams no longer offer.
  ['util-deprecate', 'function(e){return e}'],
  // Encodings of buffers: messages are bytes here, and names of channels hex digits.
  ['base64-js', '{}'],
  ['ieee754', '{}'],
  // Names of long ago: where there is WebRTC at all, it has these.
  [
    'get-browser-rtc',
    'function(){return typeof RTCPeerConnection>"u"?null:{RTCPeerConnection,RTCSessionDescription,RTCIceCandidate}}',
  ],
  // For browsers without the function of that name.
  ['queue-microtask', 'function(e){queueMicrotask(e)}'],
  // Kinds of streams that a peer is none of, what makes streams of other things, and what joins them.
  ['./internal/streams/from', '{}'],
  ['./lib/_stream_transform.js', '{}'],
  ['./lib/_stream_passthrough.js', '{}'],
  ['./lib/internal/streams/pipeline.js', '{}'],
  ['./lib/internal/streams/end-of-stream.js', '{}'],
];

/** Its messages for its authors that are plain words and values: calls of what `debug` is replaced by. */
const MESSAGES = /\bthis\._debug\([^()]*\)/g;

/** Its methods for media, one behind the other: links have none, and calls have connections of their own. */
const MEDIA = /addTransceiver\(\w,\w\)\{[^]*?(?=_needsNegotiation\(\)\{)/;

/**
 * Takes out of simple-peer's bundle what the page never runs: the bundle numbers its modules, and each names those that it
 * needs by their numbers. Saves 8.0 kB of the first load.
 */
function leanSimplePeer(): Plugin {
  return {
    name: 'lean-simple-peer',
    apply: 'build',
    transform(code, id) {
      if (!SIMPLE_PEER.test(id)) return undefined;
      if (!MEDIA.test(code)) throw new Error("simple-peer's bundle has no methods for media of the form expected");
      return { code: UNUSED.reduce(withoutModule, code.replace(MEDIA, '')).replace(MESSAGES, '0'), map: null };
    },
  };
}

function withoutModule(bundle: string, [name, instead]: (typeof UNUSED)[number]): string {
  const number = Number(new RegExp(`[{,]"?${name.replaceAll('.', '\\.')}"?:(\\d+)`).exec(bundle)?.[1]);
  const from = bundle.search(new RegExp(`[{,]${number}:\\[function\\(`)) + 1;
  // Behind the last of them is simple-peer itself.
  const to = bundle.search(new RegExp(`,(?:${number + 1}|"/"):\\[function\\(`));
  if (from <= 0 || to < 0) throw new Error(`simple-peer's bundle has no module ${name} of the form expected`);
  return `${bundle.slice(0, from)}${number}:[function(e,t){t.exports=${instead}},{}]${bundle.slice(to)}`;
}

/**
 * Gives the portable cryptography, which only pages without WebCrypto fetch, hash functions of its own. Sharing them
 * would put all that it needs of them into the first load: SHA-512 and its constants, and helpers nothing else uses.
 */
function ownHashes(): Plugin {
  return {
    name: 'own-hashes',
    apply: 'build',
    enforce: 'pre',
    async resolveId(source, importer, options) {
      if (!importer || !PORTABLE.test(importer)) return undefined;
      const resolved = await this.resolve(source, importer, { ...options, skipSelf: true });
      return resolved && HASHES.test(resolved.id) ? `${resolved.id}?portable` : resolved;
    },
  };
}

/**
 * Fetches what a part that comes later imports along with it, in few words: the build's own helper also sees to style
 * sheets, of which these parts have none. Saves 0.7 kB of the first load.
 */
function leanPreload(): Plugin {
  return {
    name: 'lean-preload',
    apply: 'build',
    enforce: 'pre',
    load(id) {
      if (id !== '\0vite/preload-helper.js') return undefined;
      return `export function __vitePreload(load, deps, importer) {
        for (const dep of deps ?? []) {
          // That of the page itself, which it has.
          if (dep.endsWith('.css')) continue;
          const link = document.createElement('link');
          link.rel = 'modulepreload';
          link.href = new URL(dep, importer);
          document.head.append(link);
        }
        return load();
      }`;
    },
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk' || !chunk.isDynamicEntry || !chunk.viteMetadata?.importedCss.size) continue;
        this.error(`${chunk.name} imports a style sheet, which nothing would load. See state/later.ts for how to.`);
      }
    },
  };
}

/** What makes the code that is fetched first smaller: it is the same for the page and for the library. */
export function leanDependencies(): Plugin[] {
  return [websocketOnly(), leanSimplePeer(), ownHashes(), leanPreload()];
}

/** Not marked as free of side effects by its authors, but it is: what is unused of it can go. */
export const SIDE_EFFECTS = [{ test: /engine\.io-client/, sideEffects: false }];
