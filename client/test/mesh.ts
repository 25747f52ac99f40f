import { type Contact, type NodeId, contactFromKey } from '../../shared/src/ids.ts';
import { type Millis, randomBytes, seededRng } from '../../shared/src/machine.ts';
import { Overlay } from '../src/overlay/overlay.ts';
import type { OverlayCommand, OverlayInput, OverlayOutput, OverlayResult, TableEntry } from '../src/overlay/types.ts';

/** One way between two linked machines. [ms] */
const LATENCY_MS = 20;

/** From a dial to the word that the pair cannot connect. [ms] */
const DIAL_MS = 500;

/** One machine of a mesh. */
export interface Peer {
  readonly contact: Contact;
  readonly overlay: Overlay;
  readonly links: Set<Peer>;
  /** Whom it tried to open a link to, and when. */
  readonly dials: { readonly to: NodeId; readonly at: Millis }[];
  readonly results: OverlayResult[];
  /** Frames it was sent, by type. */
  readonly received: Uint8Array[];
  isAlive: boolean;
}

/**
 * A few machines joined by hand, for tests: links exist where the test makes them, and every dial fails the way ICE
 * does, unless the test connects the two itself.
 */
export class TestMesh {
  now: Millis = 0;
  /** False: dials stay without any outcome. */
  doDialsFail = true;
  readonly #rng = seededRng(11);
  readonly #peers = new Map<NodeId, Peer>();
  #events: { readonly at: Millis; readonly run: () => void }[] = [];
  #nextOp = 1;

  add(): Peer {
    const contact = contactFromKey(randomBytes(this.#rng, 32));
    const overlay = new Overlay({ self: contact, rng: seededRng(this.#peers.size + 1) });
    const peer: Peer = {
      contact,
      overlay,
      links: new Set(),
      dials: [],
      results: [],
      received: [],
      isAlive: true,
    };
    this.#peers.set(contact.id, peer);
    return peer;
  }

  connect(a: Peer, b: Peer): void {
    a.links.add(b);
    b.links.add(a);
    this.feed(a, { kind: 'linkUp', peer: b.contact, isOutbound: true });
    this.feed(b, { kind: 'linkUp', peer: a.contact, isOutbound: false });
  }

  disconnect(a: Peer, b: Peer): void {
    a.links.delete(b);
    b.links.delete(a);
    this.feed(a, { kind: 'linkDown', peer: b.contact.id });
    this.feed(b, { kind: 'linkDown', peer: a.contact.id });
  }

  /** The peer falls silent without a word. */
  kill(peer: Peer): void {
    peer.isAlive = false;
  }

  command(peer: Peer, command: OverlayCommand): void {
    this.feed(peer, { kind: 'command', command });
  }

  /** Looks `key` up from `peer`; the result is in `peer.results` after a run. */
  lookUp(peer: Peer, key: NodeId): void {
    this.command(peer, { kind: 'lookup', op: this.#nextOp++, key, mode: 'recursive', timeoutMs: 5_000 });
  }

  route(peer: Peer, target: NodeId): void {
    const payload = new Uint8Array([1]);
    this.command(peer, { kind: 'route', op: this.#nextOp++, target, protocol: 'app', payload, timeoutMs: 5_000 });
  }

  /** The row of `of` in the table of `peer`. */
  row(peer: Peer, of: Peer): TableEntry | undefined {
    return peer.overlay.snapshot().entries.find(({ contact }) => contact.id === of.contact.id);
  }

  run(forMs: Millis): void {
    const until = this.now + forMs;
    for (;;) {
      const next = this.#next();
      if (!next || next.at > until) break;
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = until;
  }

  feed(peer: Peer, input: OverlayInput): void {
    if (!peer.isAlive) return;
    const out: OverlayOutput[] = [];
    peer.overlay.handle(input, this.now, out);
    for (const output of out) this.#carryOut(peer, output);
  }

  /** The earliest event, or machine that wants to be called. */
  #next(): { readonly at: Millis; readonly run: () => void } | undefined {
    let next: { readonly at: Millis; readonly run: () => void } | undefined;
    for (const event of this.#events) if (!next || event.at < next.at) next = event;
    if (next) {
      const event = next;
      next = {
        at: event.at,
        run: () => {
          this.#events = this.#events.filter((other) => other !== event);
          event.run();
        },
      };
    }
    for (const peer of this.#peers.values()) {
      const due = peer.isAlive ? peer.overlay.nextDeadline() : undefined;
      if (due && (!next || due.at < next.at)) next = { at: due.at, run: () => this.feed(peer, { kind: 'deadline' }) };
    }
    return next;
  }

  #carryOut(peer: Peer, output: OverlayOutput): void {
    if (output.kind === 'send') this.#send(peer, output.to, output.bytes);
    else if (output.kind === 'openLink') this.#dial(peer, output.contact.id);
    else if (output.kind === 'emit' && output.event.kind === 'result') peer.results.push(output.event.result);
  }

  #send(from: Peer, id: NodeId, bytes: Uint8Array): void {
    const to = this.#peers.get(id);
    if (!to || !from.links.has(to)) return;
    const run = (): void => {
      to.received.push(bytes);
      if (to.links.has(from)) this.feed(to, { kind: 'received', from: from.contact.id, bytes });
    };
    this.#events.push({ at: this.now + LATENCY_MS, run });
  }

  #dial(from: Peer, to: NodeId): void {
    from.dials.push({ to, at: this.now });
    if (!this.doDialsFail) return;
    const command = { kind: 'linkFailed', peer: to, isPeerAtFault: false, isPairBroken: true } as const;
    this.#events.push({ at: this.now + DIAL_MS, run: () => this.command(from, command) });
  }
}
