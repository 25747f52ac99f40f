import type { Contact, NodeId } from '../../../../shared/src/ids.ts';
import { MAX_EARLY_BYTES, MAX_EARLY_FRAMES } from '../../../../shared/src/limits/links.ts';
import type { Deadline, Machine, Millis } from '../../../../shared/src/machine.ts';
import {
  type HandshakeDecodeError,
  type HandshakeSide,
  type Hello,
  decodeHandshakeFrame,
  encodeHello,
  encodeProof,
  proofBytes,
} from './handshake-codec.ts';

/** Why a handshake was refused. A closed list. */
export type HandshakeErrorCode =
  /** The other side speaks another version of the handshake. */
  | 'version'
  | 'malformed'
  /** Its keys are not those of the peer that was asked for. */
  | 'wrong-peer'
  /** Its signature does not hold for this connection: somebody sits in the middle, or its keys are not its own. */
  | 'bad-proof'
  /** A frame that may not come yet, or again. */
  | 'unexpected-frame'
  /** More frames after its PROOF than are held while it is verified. */
  | 'too-many-frames'
  /** Our own signature could not be made. */
  | 'no-signature';

export type HandshakeInput =
  | { readonly kind: 'opened' }
  | { readonly kind: 'received'; readonly bytes: Uint8Array }
  /** The signature that a `sign` output asked for; undefined when it could not be made. */
  | { readonly kind: 'signed'; readonly signature: Uint8Array | undefined }
  /** The answer to a `verify` output. */
  | { readonly kind: 'verified'; readonly isValid: boolean };

export type HandshakeOutput =
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  | { readonly kind: 'sign'; readonly message: Uint8Array }
  | {
      readonly kind: 'verify';
      readonly publicKey: Uint8Array;
      readonly message: Uint8Array;
      readonly signature: Uint8Array;
    }
  /** Both proofs are done. `early` are frames that came while the last one was being verified, in order. */
  | { readonly kind: 'accepted'; readonly theirs: Hello; readonly early: readonly Uint8Array[] }
  | { readonly kind: 'refused'; readonly code: HandshakeErrorCode };

export interface HandshakeOptions {
  readonly role: 'offerer' | 'answerer';
  readonly self: Contact;
  readonly name: string;
  /** 32 random bytes, used for this handshake only. */
  readonly nonce: Uint8Array;
  /** What our own wall clock shows. [ms since the epoch] */
  readonly wallNow: number;
  /** The peer that was dialled, or whose signed offer was answered. */
  readonly expected: NodeId;
  /** Certificates of this DTLS connection, SHA-256. */
  readonly fingerprints: { readonly local: Uint8Array; readonly remote: Uint8Array };
}

/**
 * ```
 * new ─opened→ hello ─their HELLO→ proof ─their PROOF→ verifying ─valid, and ours sent→ accepted
 *                └──────────── anything else ───────────┴──────────→ refused
 * ```
 * `accepted` and `refused` are final: nothing goes out after them.
 */
type State =
  | { readonly kind: 'new' }
  | { readonly kind: 'hello' }
  | { readonly kind: 'proof'; readonly theirs: Hello }
  | { readonly kind: 'verifying'; readonly theirs: Hello; readonly isValid: boolean }
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused' };

/**
 * The channel-bound handshake of a link: HELLO and then PROOF, both ways at once. The proofs cover the ids, both DTLS
 * certificates, both nonces and both names, so a link that is accepted ends at the peer that was meant, and nowhere
 * between. It has no deadline of its own: the attempt that it is part of has one.
 */
export class Handshake implements Machine<HandshakeInput, HandshakeOutput> {
  readonly #options: HandshakeOptions;
  #state: State = { kind: 'new' };
  #isOurProofSent = false;
  /** BOUNDED: by MAX_EARLY_FRAMES and MAX_EARLY_BYTES; more is a refusal. */
  #early: Uint8Array[] = [];
  #earlyBytes = 0;

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  nextDeadline(): Deadline | undefined {
    return undefined;
  }

  handle(input: HandshakeInput, _now: Millis, out: HandshakeOutput[]): void {
    switch (input.kind) {
      case 'opened':
        return this.#handleOpened(out);
      case 'received':
        return this.#handleReceived(input.bytes, out);
      case 'signed':
        return this.#handleSigned(input.signature, out);
      case 'verified':
        return this.#handleVerified(input.isValid, out);
    }
  }

  #handleOpened(out: HandshakeOutput[]): void {
    if (this.#state.kind !== 'new') return;
    this.#state = { kind: 'hello' };
    const { self, nonce, wallNow, name } = this.#options;
    out.push({ kind: 'send', bytes: encodeHello({ contact: self, nonce, wallNow, name }) });
  }

  #handleReceived(bytes: Uint8Array, out: HandshakeOutput[]): void {
    const state = this.#state;
    if (state.kind === 'accepted' || state.kind === 'refused') return;
    if (state.kind === 'verifying') return this.#holdEarly(bytes, out);
    const frame = decodeHandshakeFrame(bytes);
    if (!frame.ok) return this.#refuse(refusalOf(frame.error), out);
    if (state.kind === 'hello' && frame.value.kind === 'hello') return this.#onHello(frame.value, out);
    if (state.kind === 'proof' && frame.value.kind === 'proof') {
      return this.#onProof(state.theirs, frame.value.signature, out);
    }
    this.#refuse('unexpected-frame', out);
  }

  #onHello(theirs: Hello, out: HandshakeOutput[]): void {
    const { expected, self, role } = this.#options;
    if (theirs.contact.id !== expected || theirs.contact.id === self.id) return this.#refuse('wrong-peer', out);
    this.#state = { kind: 'proof', theirs };
    out.push({ kind: 'sign', message: this.#proofOf(role, theirs) });
  }

  #onProof(theirs: Hello, signature: Uint8Array, out: HandshakeOutput[]): void {
    this.#state = { kind: 'verifying', theirs, isValid: false };
    const message = this.#proofOf(this.#options.role === 'offerer' ? 'answerer' : 'offerer', theirs);
    out.push({ kind: 'verify', publicKey: theirs.contact.publicKey, message, signature });
  }

  #handleSigned(signature: Uint8Array | undefined, out: HandshakeOutput[]): void {
    const state = this.#state;
    if ((state.kind !== 'proof' && state.kind !== 'verifying') || this.#isOurProofSent) return;
    if (!signature) return this.#refuse('no-signature', out);
    this.#isOurProofSent = true;
    out.push({ kind: 'send', bytes: encodeProof(signature) });
    this.#acceptIfDone(out);
  }

  #handleVerified(isValid: boolean, out: HandshakeOutput[]): void {
    if (this.#state.kind !== 'verifying' || this.#state.isValid) return;
    if (!isValid) return this.#refuse('bad-proof', out);
    this.#state = { ...this.#state, isValid };
    this.#acceptIfDone(out);
  }

  #acceptIfDone(out: HandshakeOutput[]): void {
    const state = this.#state;
    if (state.kind !== 'verifying' || !state.isValid || !this.#isOurProofSent) return;
    this.#state = { kind: 'accepted' };
    out.push({ kind: 'accepted', theirs: state.theirs, early: this.#early });
    this.#early = [];
  }

  /** The other side may have verified us first, and then it sends at once. */
  #holdEarly(bytes: Uint8Array, out: HandshakeOutput[]): void {
    this.#earlyBytes += bytes.length;
    if (this.#early.length >= MAX_EARLY_FRAMES || this.#earlyBytes > MAX_EARLY_BYTES) {
      this.#refuse('too-many-frames', out);
    } else this.#early.push(bytes);
  }

  #refuse(code: HandshakeErrorCode, out: HandshakeOutput[]): void {
    this.#state = { kind: 'refused' };
    this.#early = [];
    out.push({ kind: 'refused', code });
  }

  #proofOf(signer: 'offerer' | 'answerer', theirs: Hello): Uint8Array {
    const { self, nonce, name, role, fingerprints } = this.#options;
    const us: HandshakeSide = { id: self.id, fingerprint: fingerprints.local, nonce, name };
    const them: HandshakeSide = {
      id: theirs.contact.id,
      fingerprint: fingerprints.remote,
      nonce: theirs.nonce,
      name: theirs.name,
    };
    return role === 'offerer' ? proofBytes(signer, us, them) : proofBytes(signer, them, us);
  }
}

function refusalOf(error: HandshakeDecodeError): HandshakeErrorCode {
  return error === 'foreign' ? 'unexpected-frame' : error;
}
