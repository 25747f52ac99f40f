import type { Contact, NodeId } from '../../../../shared/src/ids.ts';
import type { DeliveryId } from '../../overlay/types.ts';
import type { Mail, OpenedMail } from '../mail.ts';
import { type LinkSignal, decodeSignal, encodeSignal } from './signal-codec.ts';
import type { SignalCarrier } from './types.ts';

/** A signal of one kind. */
export type SignalOf<K extends LinkSignal['kind']> = Extract<LinkSignal, { readonly kind: K }>;

/** How a signal came over the overlay; empty when it did not. */
export interface SignalWay {
  /** As what it was delivered. */
  readonly delivery: DeliveryId | undefined;
  /** The neighbour over whose link. */
  readonly over: NodeId | undefined;
}

/** Hears the signals that were sealed for us, and what was dropped. */
export interface SignalListener {
  /** `way`: how it came. */
  offered(mail: OpenedMail, offer: SignalOf<'offer'>, way: SignalWay): void;
  answered(from: Contact, answer: SignalOf<'answer'>): void;
  rejected(from: Contact, reject: SignalOf<'reject'>): void;
  dropped(why: string): void;
}

/** What signals travel with. */
export interface SignalMailParts {
  readonly mail: Mail;
  readonly carrier: SignalCarrier;
}

/** Signals as sealed mail: seals and sends ours, opens and decodes what comes. */
export class SignalMail {
  readonly #parts: SignalMailParts;
  readonly #listener: SignalListener;
  #isStopped = false;

  constructor(parts: SignalMailParts, listener: SignalListener) {
    this.#parts = parts;
    this.#listener = listener;
  }

  /** True when it was delivered. `timeoutMs`: how long it is of any use. `inAnswerTo`: the delivery that it answers. */
  async send(to: Contact, signal: LinkSignal, timeoutMs: number, inAnswerTo?: DeliveryId): Promise<boolean> {
    try {
      const sealed = await this.#parts.mail.seal(to, 'signal', encodeSignal(signal), timeoutMs);
      return sealed.length > 0 && (await this.#parts.carrier(to, sealed, timeoutMs, inAnswerTo));
    } catch {
      return false;
    }
  }

  /** Never rejects. */
  async receive(sealed: Uint8Array, way: SignalWay): Promise<void> {
    const opened = await this.#parts.mail.open(sealed);
    if (this.#isStopped) return;
    if (!opened.ok) return this.#listener.dropped(`signal ${opened.error}`);
    const mail = opened.value;
    const signal = mail.kind === 'signal' ? decodeSignal(mail.payload) : undefined;
    if (!signal?.ok) return this.#listener.dropped(`signal ${signal?.error ?? 'of another kind'}`);
    switch (signal.value.kind) {
      case 'offer':
        return this.#listener.offered(mail, signal.value, way);
      case 'answer':
        return this.#listener.answered(mail.from, signal.value);
      case 'reject':
        return this.#listener.rejected(mail.from, signal.value);
    }
  }

  /** Nothing is heard any more, not even of signals that are being opened. */
  stop(): void {
    this.#isStopped = true;
  }
}
