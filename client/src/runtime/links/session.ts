import type { Contact } from '../../../../shared/src/ids.ts';
import {
  ATTEMPT_TIMEOUT_MS,
  HANDSHAKE_NONCE_BYTES,
  MAX_DESCRIPTION_REPEATS,
} from '../../../../shared/src/limits/links.ts';
import type { Millis } from '../../../../shared/src/machine.ts';
import { plainText } from '../../../../shared/src/plain-text.ts';
import type { DeliveryId } from '../../overlay/types.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Crypto } from '../../ports/crypto.ts';
import type {
  LinkPath,
  RawCloseReason,
  RawConnection,
  RawConnectionHandler,
  RawConnector,
  SendOutcome,
} from '../../ports/links.ts';
import { Handshake, type HandshakeInput, type HandshakeOutput } from './handshake.ts';
import type { Hello } from './handshake-codec.ts';
import { describeFailure, describeIceFailure, describeRefusal } from './sentences.ts';
import type { AttemptId } from './signal-codec.ts';
import type { Link, LinkErrorCode } from './types.ts';

/** What a session tells the manager. Nothing comes after `ended`, which comes at most once and not after `close`. */
export interface SessionOwner {
  /** The local description is ready to be carried to the other side. */
  described(session: Session, sdp: string): void;
  /** Both proofs are verified. `early` are frames that came meanwhile. */
  accepted(session: Session, early: readonly Uint8Array[]): void;
  message(session: Session, bytes: Uint8Array): void;
  writable(session: Session): void;
  pathChanged(session: Session): void;
  ended(session: Session, code: LinkErrorCode, detail: string): void;
}

export interface SessionParts {
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly connector: RawConnector;
  readonly owner: SessionOwner;
  readonly iceServers: readonly RTCIceServer[];
  readonly relayOnly: boolean;
  readonly ownName: string;
}

/**
 * ```
 * signalling ─both descriptions→ connecting ─channel open→ greeting ─both proofs→ up
 *      └───────────────┴──────────────────────────┴──────────────────────────────┴──→ ended
 * ```
 */
type Phase = 'signalling' | 'connecting' | 'greeting' | 'up' | 'ended';

/** One connection to one peer from its first candidate to its end: an attempt, and then the link that came of it. */
export class Session implements Link, RawConnectionHandler {
  readonly attempt: AttemptId;
  readonly role: 'offerer' | 'answerer';
  readonly startedAt: Millis;
  /** True once an offer of ours left that said that it may be refused. */
  isSpare = false;
  /** As what the offer came that this answers, so that the answer can go back with its acknowledgement. */
  inAnswerTo: DeliveryId | undefined;
  /** Copies of our description that arrived, or are on their way. */
  copies = 0;
  readonly #parts: SessionParts;
  readonly #raw: RawConnection;
  readonly #cancelDeadline: () => void;
  #peer: Contact;
  #phase: Phase = 'signalling';
  #handshake: Handshake | undefined;
  #name = '';
  #path: LinkPath = 'direct';
  #rttMs: number | undefined;
  #network: string | undefined;
  #clockAheadMs = 0;
  #upAt: Millis = 0;
  /** Our own, once it has left. */
  #description: string | undefined;
  #repeatsLeft = MAX_DESCRIPTION_REPEATS;
  #didRelayAnswer = false;

  constructor(peer: Contact, attempt: AttemptId, role: 'offerer' | 'answerer', parts: SessionParts) {
    this.#peer = peer;
    this.attempt = attempt;
    this.role = role;
    this.#parts = parts;
    this.startedAt = parts.clock.now();
    this.#cancelDeadline = parts.clock.setTimer(this.startedAt + ATTEMPT_TIMEOUT_MS, () => this.#onDeadline());
    const { iceServers, relayOnly } = parts;
    this.#raw = parts.connector.connect(role, { iceServers, relayOnly }, this);
  }

  get peer(): Contact {
    return this.#peer;
  }

  get name(): string {
    return this.#name;
  }

  get isOfferer(): boolean {
    return this.role === 'offerer';
  }

  get clockAheadMs(): number {
    return this.#clockAheadMs;
  }

  get path(): LinkPath {
    return this.#path;
  }

  get network(): string | undefined {
    return this.#network;
  }

  get rttMs(): number | undefined {
    return this.#rttMs;
  }

  /** When the link came up. Meaningless before. */
  get upAt(): Millis {
    return this.#upAt;
  }

  get isUp(): boolean {
    return this.#phase === 'up';
  }

  /** True while the link can carry frames: its connection may be gone before we are told. */
  get isUsable(): boolean {
    return this.#phase === 'up' && this.#raw.isOpen;
  }

  /** True once an offer of ours has left, so that the other side may already act on it. */
  get isOffered(): boolean {
    return this.isOfferer && this.#description !== undefined;
  }

  /** True while our offer is out and no answer has come. */
  get isUnanswered(): boolean {
    return this.isOfferer && this.#phase === 'signalling';
  }

  send(bytes: Uint8Array): SendOutcome {
    return this.#phase === 'up' ? this.#raw.send(bytes) : 'refused';
  }

  get queuedBytes(): number {
    return this.#raw.queuedBytes;
  }

  openChannel(id: number, label: string): RTCDataChannel {
    return this.#raw.openChannel(id, label);
  }

  /** Takes the other side's description. */
  acceptDescription(sdp: string): void {
    if (this.#phase !== 'signalling') return;
    if (this.role === 'offerer') this.#phase = 'connecting';
    this.#raw.accept(sdp);
  }

  /** Ends it without a word to the manager, which asked for it. */
  close(): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#cancelDeadline();
    this.#raw.close();
  }

  /** Ends it and tells the manager why. */
  fail(code: LinkErrorCode, detail = describeFailure(code)): void {
    if (this.#phase === 'ended') return;
    this.close();
    this.#parts.owner.ended(this, code, detail);
  }

  /** Reads path, round-trip time and network anew. Never rejects. */
  async refresh(): Promise<void> {
    const pair = await this.#raw.pair();
    if (!pair || (this.#phase !== 'up' && this.#phase !== 'greeting')) return;
    const { path, network, rttMs } = pair;
    this.#rttMs = rttMs ?? this.#rttMs;
    if (path === this.#path && network === this.#network) return;
    this.#path = path;
    this.#network = network;
    if (this.#phase === 'up') this.#parts.owner.pathChanged(this);
  }

  description(sdp: string): void {
    if (this.#phase !== 'signalling') return;
    this.#didRelayAnswer = sdp.includes(' typ relay');
    if (this.#parts.relayOnly && !this.#didRelayAnswer) return this.fail('ice-failed', this.#iceSentence());
    if (this.role === 'answerer') this.#phase = 'connecting';
    this.#description = sdp;
    this.#parts.owner.described(this, sdp);
  }

  /**
   * Sends our offer or answer once more while nothing shows that it arrived: it may be lost. `inAnswerTo`: as what the offer
   * came again.
   */
  repeat(inAnswerTo?: DeliveryId): void {
    const sdp = this.#description;
    const mayBeLost = this.isOfferer ? this.isUnanswered : this.#phase === 'connecting';
    if (sdp === undefined || !mayBeLost || this.#repeatsLeft === 0) return;
    this.#repeatsLeft--;
    this.inAnswerTo = inAnswerTo;
    this.#parts.owner.described(this, sdp);
  }

  open(): void {
    if (this.#phase !== 'connecting') return;
    const fingerprints = this.#raw.fingerprints();
    if (!fingerprints) return this.fail('handshake-refused', describeRefusal('malformed'));
    this.#phase = 'greeting';
    const { crypto, clock, ownName } = this.#parts;
    this.#handshake = new Handshake({
      role: this.role,
      self: crypto.self,
      name: ownName,
      nonce: crypto.randomBytes(HANDSHAKE_NONCE_BYTES),
      wallNow: clock.wallNow(),
      expected: this.#peer.id,
      fingerprints,
    });
    // Read while the proofs travel, so that the path is known when the link is announced.
    void this.refresh();
    this.#drive({ kind: 'opened' });
  }

  message(bytes: Uint8Array): void {
    if (this.#phase === 'up') this.#parts.owner.message(this, bytes);
    else if (this.#phase === 'greeting') this.#drive({ kind: 'received', bytes });
  }

  writable(): void {
    if (this.#phase === 'up') this.#parts.owner.writable(this);
  }

  closed(reason: RawCloseReason, detail: string): void {
    if (this.#phase === 'up') return this.fail('closed');
    if (reason === 'ice-failed') return this.fail('ice-failed', this.#iceSentence());
    if (reason === 'closed') return this.fail('closed');
    this.fail('closed', `The connection could not be set up (${detail}). Try again in a moment.`);
  }

  #drive(input: HandshakeInput): void {
    const outputs: HandshakeOutput[] = [];
    this.#handshake?.handle(input, this.#parts.clock.now(), outputs);
    for (const output of outputs) this.#carryOut(output);
  }

  #carryOut(output: HandshakeOutput): void {
    if (this.#phase !== 'greeting') return;
    const { crypto } = this.#parts;
    switch (output.kind) {
      case 'send':
        this.#raw.send(output.bytes);
        return;
      case 'sign':
        void crypto.sign(output.message).then(
          (signature) => this.#drive({ kind: 'signed', signature }),
          () => this.#drive({ kind: 'signed', signature: undefined }),
        );
        return;
      case 'verify':
        void crypto
          .verify(output.publicKey, output.message, output.signature)
          .catch(() => false)
          .then((isValid) => this.#drive({ kind: 'verified', isValid }));
        return;
      case 'accepted':
        this.#onAccepted(output.theirs, output.early);
        return;
      case 'refused':
        this.fail('handshake-refused', describeRefusal(output.code));
    }
  }

  #onAccepted(theirs: Hello, early: readonly Uint8Array[]): void {
    const { clock, owner } = this.#parts;
    this.#peer = theirs.contact;
    this.#name = plainText(theirs.name);
    this.#clockAheadMs = theirs.wallNow - clock.wallNow();
    this.#phase = 'up';
    this.#upAt = clock.now();
    this.#handshake = undefined;
    this.#cancelDeadline();
    owner.accepted(this, early);
    void this.refresh();
  }

  /** Once both descriptions are there it is ICE that has not managed, even if the browser has not given up yet. */
  #onDeadline(): void {
    if (this.#phase === 'connecting') this.fail('ice-failed', this.#iceSentence());
    else this.fail('timeout');
  }

  #iceSentence(): string {
    const { iceServers, relayOnly } = this.#parts;
    const hasTurn = iceServers.some(({ urls }) => [urls].flat().some((url) => /^turns?:/i.test(url)));
    return describeIceFailure({ hasTurn, relayOnly, didRelayAnswer: this.#didRelayAnswer });
  }
}
