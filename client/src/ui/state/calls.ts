import { computed, signal } from '@preact/signals';
import type { Call, CallMedia, IncomingCall, Node } from '../../index.ts';
import { errorCode, errorText } from '../view/errors.ts';
import { missedTitle } from '../view/call-words.ts';
import { displayName } from '../view/people.ts';
import { dropNotice, type Notice, notices, pushNotice } from './notices.ts';
import { rememberPerson, wasMet } from './people.ts';
import { node } from './session.ts';

/** Someone to call: an id or address, and what to call them on the page. */
export interface Person {
  readonly who: string;
  readonly name: string;
}

/**
 * What the call panel shows.
 * placing: the camera is being opened and the INVITE is on its way. call: there is a call, perhaps an ended one.
 * failed: there never was one.
 */
export type Stage =
  | {
      readonly kind: 'placing';
      readonly person: Person;
      readonly media: CallMedia;
      readonly startedAt: number;
      readonly giveUp: () => void;
    }
  | { readonly kind: 'call'; readonly call: Call; readonly media: CallMedia; readonly startedAt: number }
  | {
      readonly kind: 'failed';
      readonly person: Person;
      readonly media: CallMedia;
      readonly code: string;
      readonly message: string;
    };

/** A camera or microphone that could not be used, and how to go on without it. */
export interface MediaProblem {
  readonly asked: CallMedia;
  readonly message: string;
  readonly code: string;
  /** The call that was to be answered. */
  readonly call: IncomingCall | undefined;
  readonly retry: (media: CallMedia) => void;
}

export const stage = signal<Stage | undefined>();
/** Calls that ring here, oldest first. BOUNDED: by the node, which answers "busy" beyond its own cap. */
export const ringing = signal<readonly IncomingCall[]>([]);
/** The incoming call that is being answered: the camera may be waiting for permission. */
export const answering = signal<IncomingCall | undefined>();
export const mediaProblem = signal<MediaProblem | undefined>();
/** Address taken from a link, for the address box. */
export const wantedAddress = signal('');

/** Key of the notice of calls from people who were never met. */
const STRANGERS_KEY = 'missed';

/** Callers that this notice tells apart: one more than it names. */
const MAX_MISSED_STRANGERS = 4;

/** They, oldest first, since the notice was closed: names by id. BOUNDED: by MAX_MISSED_STRANGERS; later ones add nothing. */
const missedStrangers = new Map<string, string>();

/** A new call can be placed. */
export const canCall = computed(() => {
  const now = stage.value;
  return node.value !== undefined && (now === undefined || now.kind === 'failed' || isEnded(now));
});

const MEDIA_CODES: ReadonlySet<string> = new Set(['media-denied', 'media-missing', 'media-failed']);

/** Shows incoming calls, those that ring already too. */
export function watchCalls(running: Node): void {
  running.on('incomingcall', showRinging);
  for (const call of running.calls) if (isIncoming(call) && call.state === 'ringing') showRinging(call);
}

/** True while a call runs or is being set up. */
export function isCalling(): boolean {
  const now = stage.value;
  return now?.kind === 'placing' || (now?.kind === 'call' && now.call.state !== 'ended');
}

/** Calls someone. What goes wrong is shown in the panel, or in the media dialog when a camera is the problem. */
export async function placeCall(person: Person, media: CallMedia): Promise<void> {
  const running = node.value;
  if (!running || !canCall.value) return;
  const startedAt = performance.now();
  const controller = new AbortController();
  const placing: Stage = { kind: 'placing', person, media, startedAt, giveUp: () => controller.abort() };
  stage.value = placing;
  try {
    const call = await running.call(person.who, { ...media, signal: controller.signal });
    // Given up too late, or the person's own call was answered instead: it must not go on unseen.
    if (stage.value !== placing) call.hangUp();
    else showCall(call, media, startedAt);
  } catch (error) {
    if (stage.value !== placing) return;
    const code = errorCode(error) ?? '';
    if (MEDIA_CODES.has(code)) {
      stage.value = undefined;
      askForMedia(error, media, undefined, (other) => void placeCall(person, other));
    } else {
      stage.value = { kind: 'failed', person, media, code, message: errorText(error) };
    }
  }
}

/** Answers a ringing call. When camera or microphone fail, it goes on ringing and the dialog offers less. */
export async function answerCall(call: IncomingCall, media: CallMedia): Promise<void> {
  if (isCalling()) hangUp();
  mediaProblem.value = undefined;
  answering.value = call;
  try {
    await call.answer(media);
    showCall(call, media, performance.now());
  } catch (error) {
    if (MEDIA_CODES.has(errorCode(error) ?? ''))
      askForMedia(error, media, call, (other) => void answerCall(call, other));
    else if (ringing.value.includes(call)) {
      // Else it was declined here, or is missed, and that was said.
      stopRinging(call);
      pushNotice({ key: 'answer', kind: 'error', title: 'The call could not be answered', text: errorText(error) });
    }
  } finally {
    answering.value = undefined;
  }
}

export function declineCall(call: IncomingCall): void {
  call.reject('decline');
  stopRinging(call);
}

export function ignoreCall(call: IncomingCall): void {
  call.ignore();
  stopRinging(call);
}

/** Hangs up, or gives up a call that is still being placed. */
export function hangUp(): void {
  const now = stage.value;
  if (now?.kind === 'call') return now.call.hangUp();
  stage.value = undefined;
  if (now?.kind === 'placing') now.giveUp();
}

/** Closes the panel of a call that is over. */
export function closeStage(): void {
  if (!isCalling()) stage.value = undefined;
}

function showCall(call: Call, media: CallMedia, startedAt: number): void {
  stage.value = { kind: 'call', call, media, startedAt };
  // Placing a call answers that of the same person, which may ring here.
  stopRinging(call);
  rememberPerson(call.peer, true);
  // The stage itself does not change when the call ends, but what follows from it does.
  call.on('state', () => {
    if (stage.value?.kind === 'call' && stage.value.call === call) stage.value = { ...stage.value };
  });
}

function showRinging(call: IncomingCall): void {
  if (ringing.value.includes(call)) return;
  ringing.value = [...ringing.value, call];
  call.on('state', (state) => {
    if (state === 'ended') onIncomingEnded(call);
  });
}

function isIncoming(call: Call): call is IncomingCall {
  return call.direction === 'incoming';
}

function askForMedia(
  error: unknown,
  asked: CallMedia,
  call: IncomingCall | undefined,
  retry: (media: CallMedia) => void,
): void {
  mediaProblem.value = {
    asked,
    call,
    message: errorText(error),
    code: errorCode(error) ?? '',
    retry: (media) => {
      mediaProblem.value = undefined;
      retry(media);
    },
  };
}

function onIncomingEnded(call: IncomingCall): void {
  if (!ringing.value.includes(call)) return;
  stopRinging(call);
  if (mediaProblem.value?.call === call) mediaProblem.value = undefined;
  if (call.endReason === 'answered-elsewhere') return;
  tellMissed(call);
  rememberPerson(call.peer, false);
}

/** Whoever was met has a notice of their own; all others share one, or anybody with many identities could fill the page. */
function tellMissed(call: IncomingCall): void {
  const { id } = call.peer;
  if (wasMet(id)) return pushNotice(missedOne(`missed-${id}`, call));
  if (!notices.value.some(({ key }) => key === STRANGERS_KEY)) missedStrangers.clear();
  // Said already.
  if (missedStrangers.size === MAX_MISSED_STRANGERS) return undefined;
  missedStrangers.set(id, displayName(call.peer));
  if (missedStrangers.size === 1) return pushNotice(missedOne(STRANGERS_KEY, call));
  const title = missedTitle([...missedStrangers.values()]);
  return pushNotice({ key: STRANGERS_KEY, kind: 'info', title, text: 'The last of them are in the list under Calls.' });
}

function missedOne(key: string, call: IncomingCall): Notice {
  const name = displayName(call.peer);
  const callBack = (): void => {
    dropNotice(key);
    void placeCall({ who: call.peer.id, name }, { audio: true, video: call.offered.video });
  };
  return {
    key,
    kind: 'info',
    title: missedTitle([name]),
    text: `${name} stopped calling.`,
    action: { label: 'Call back', run: callBack },
  };
}

function stopRinging(call: Call): void {
  ringing.value = ringing.value.filter((other) => other !== call);
}

function isEnded(now: Stage): boolean {
  return now.kind === 'call' && now.call.state === 'ended';
}
