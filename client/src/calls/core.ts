import type { NodeId } from '../../../shared/src/ids.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { Carrier } from './carrier.ts';
import type { Accepted, Dialog, Established, Inviting } from './dialog.ts';
import { endOfReason } from './outcome.ts';
import type { ByeReason, CallEnd, CallId, MediaChoice, ResponseCode, ResponseMessage } from './types.ts';

/** What was refused and dropped. */
export type CallCounter = 'malformed' | 'unknown-type' | 'wrong-sender' | 'unknown-call' | 'stale' | 'wrong-address';

const NOTHING: MediaChoice = { audio: false, video: false };

/** What the caller's and the callee's half of the machine share: the one dialog, and the ways to end it. */
export class CallCore {
  readonly self: NodeId;
  /** What this device registers, and so rings for. */
  readonly addresses: readonly NodeId[];
  readonly carrier = new Carrier();
  name: string;
  dialog: Dialog | undefined;
  /** When the last calls rang here, oldest first. BOUNDED: by MAX_RINGS. */
  readonly rings: Millis[] = [];
  /** BOUNDED: by the members of CallCounter. */
  readonly counters = new Map<CallCounter, number>();

  constructor(self: NodeId, name: string, addresses: readonly NodeId[]) {
    this.self = self;
    this.addresses = addresses;
    this.name = name;
  }

  count(counter: CallCounter): void {
    this.counters.set(counter, (this.counters.get(counter) ?? 0) + 1);
  }

  response(callId: CallId, code: ResponseCode, media: MediaChoice = NOTHING): ResponseMessage {
    return { kind: 'response', callId, code, media, name: this.name };
  }

  /** Ends an agreed call with a BYE that is sent until it is answered. */
  bye(dialog: Accepted | Established, reason: ByeReason): void {
    this.carrier.sendUntil('done', dialog.peer, { kind: 'BYE', callId: dialog.callId, reason });
    this.end(dialog, endOfReason(reason), reason);
  }

  /** Ends the dialog. A late 200 gets BYE with `byeReason`, a late copy of the INVITE gets `reply`. */
  end(dialog: Dialog, end: CallEnd, byeReason: ByeReason, reply?: ResponseMessage): void {
    this.bury(dialog, byeReason, reply);
    this.carrier.emit({ kind: 'ended', callId: dialog.callId, end });
  }

  /** Leaves a tombstone in place of the dialog and stops its timers. */
  bury(dialog: Dialog, byeReason: ByeReason, reply?: ResponseMessage): void {
    const { callId } = dialog;
    const peers = devicesOf(dialog);
    this.carrier.clearRingTimers(callId);
    for (const peer of peers) this.carrier.clearMediaTimer(callId, peer);
    if (dialog.kind === 'inviting') this.releaseSuppressed(dialog);
    if (dialog.kind === 'accepted') this.carrier.settle(callId, dialog.peer, 'ACK');
    this.carrier.bury({ callId, peers, reply, byeReason });
    this.dialog = undefined;
  }

  /** Calls that waited to merge into ours end, unless they are of the device that answered: it merges them itself. */
  releaseSuppressed(dialog: Inviting, winner?: NodeId): void {
    for (const [device, callId] of dialog.suppressed) {
      const reply = this.response(callId, 487);
      this.carrier.bury({ callId, peers: [device], reply, byeReason: 'cancelled' });
      if (device !== winner) this.carrier.sendUntil('ACK', device, reply);
    }
  }
}

/** Every device that takes part in the call, the one we talk to first. */
function devicesOf(dialog: Dialog): NodeId[] {
  if (dialog.kind === 'inviting') return [...dialog.branches.keys()];
  return dialog.kind === 'established' ? [dialog.peer, ...dialog.losers] : [dialog.peer];
}
