import type { NodeStatus } from '../../index.ts';

/** What the page knows about lasting trouble. */
export interface Situation {
  readonly phase: 'joining' | 'joined' | 'failed';
  readonly joinError: { readonly code: string; readonly message: string } | undefined;
  readonly status: NodeStatus | undefined;
  readonly wasConnected: boolean;
  /** The browser says that this device is in no network. */
  readonly isOffline: boolean;
  /** A few seconds have passed since the start. */
  readonly isLate: boolean;
  readonly hasWebRtc: boolean;
  readonly isSecure: boolean;
  /** https may be at the same address: it is not at a port of its own that speaks plain http. */
  readonly mayHaveHttps: boolean;
  /** The person asked for `storage=memory`. */
  readonly wantsMemory: boolean;
}

/** One lasting trouble, as a notice without its handler. */
export interface Condition {
  readonly key: string;
  readonly kind: 'info' | 'warning' | 'error';
  readonly title: string;
  readonly text: string;
  readonly action?: { readonly label: string; readonly does: 'reload' | 'https' };
}

const RELOAD = { label: 'Try again', does: 'reload' } as const;

/** For a start that failed for what only browsers have words for, as code that did not come. */
const NOTHING_LOST = 'Nothing that is kept here is lost. Check the network and try again.';

/** The lasting troubles of the page, worst first. Each says what happened, what still works and one thing to do. */
export function conditionsOf(now: Situation): readonly Condition[] {
  return [noWebRtc(now), failedStart(now), serverTrouble(now), insecure(now), nothingKept(now)].filter(
    (condition) => condition !== undefined,
  );
}

function noWebRtc({ hasWebRtc, joinError }: Situation): Condition | undefined {
  if (hasWebRtc && joinError?.code !== 'no-webrtc') return undefined;
  return {
    key: 'no-webrtc',
    kind: 'error',
    title: 'This browser cannot connect to others',
    text:
      'WebRTC is missing or switched off here, by a setting, an extension or an administrator. Nothing works without it. ' +
      'Open the page in a current Chrome, Edge, Firefox or Safari, or allow WebRTC and try again.',
    action: RELOAD,
  };
}

function failedStart({ phase, joinError, hasWebRtc }: Situation): Condition | undefined {
  if (phase !== 'failed' || !hasWebRtc || joinError?.code === 'no-webrtc') return undefined;
  return {
    key: 'failed',
    kind: 'error',
    title: 'Skein could not start',
    text:
      joinError && joinError.code !== 'internal' ? joinError.message : `${sentence(joinError?.message)}${NOTHING_LOST}`,
    action: RELOAD,
  };
}

function serverTrouble({ status, wasConnected, isOffline, isLate }: Situation): Condition | undefined {
  if (!status || status.server === 'connected') return undefined;
  if (isOffline) {
    // Reloading would lose the page: there is nowhere to get it from.
    return {
      key: 'offline',
      kind: 'warning',
      title: 'This device is in no network',
      text: 'What you share stays ready. The page goes on by itself as soon as the network is back: please check Wi-Fi or cable.',
    };
  }
  if (wasConnected) return serverGone(status);
  if (!isLate || status.links > 0) return undefined;
  // Reloading would lose the page, as when offline: it comes from that server.
  return {
    key: 'server-unreachable',
    kind: 'error',
    title: 'The server cannot be reached',
    text:
      `${sentence(status.serverDetail)}Without it the first connection cannot be made. ` +
      'You can already add files; they are shared as soon as someone is found. ' +
      'Leave the page open: it goes on by itself.',
  };
}

function serverGone({ links }: NodeStatus): Condition {
  if (links === 0) {
    // A router that has lost the Internet looks like a server that is gone. Reloading would lose the page, as when offline.
    return {
      key: 'alone',
      kind: 'warning',
      title: 'Neither the server nor anybody else can be reached',
      text: 'What you share stays ready. The page keeps trying and goes on by itself: please check that this device has Internet.',
    };
  }
  return {
    key: 'server-gone',
    kind: 'info',
    title: 'The server is gone, the network is not',
    text:
      'Files, calls and new connections between those who are here go on without it. ' +
      'New people can join again when it is back; the page reconnects by itself.',
  };
}

function insecure({ isSecure, mayHaveHttps }: Situation): Condition | undefined {
  if (isSecure) return undefined;
  return {
    key: 'insecure',
    kind: 'warning',
    title: 'This address is not secure',
    text:
      'Over plain http the browser allows neither calls with camera or microphone nor keeping files after the tab is closed. ' +
      'Sharing and downloading work. For everything, ' +
      (mayHaveHttps ? 'open the page over https.' : 'ask whoever runs the server for an https address.'),
    ...(mayHaveHttps && { action: { label: 'Open over https', does: 'https' } }),
  };
}

function nothingKept({ status, isSecure, wantsMemory }: Situation): Condition | undefined {
  if (!status || status.storage === 'persistent' || !isSecure || wantsMemory) return undefined;
  return {
    key: 'memory',
    kind: 'info',
    title: 'Nothing is kept in this window',
    text:
      'The browser does not let the page store files, as in a private window. Everything works until the tab is closed. ' +
      'Save what you want to keep.',
  };
}

/** A detail as a sentence of its own, with a space after it; empty when there is none. */
function sentence(detail: string | undefined): string {
  const text = detail?.trim() ?? '';
  if (text === '') return '';
  return /[.!?…]$/.test(text) ? `${text} ` : `${text}. `;
}
