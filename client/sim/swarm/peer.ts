import { utf8Encode } from '../../../shared/src/bytes.ts';
import { type NodeId, hashToId } from '../../../shared/src/ids.ts';
import { CHANNEL_HIGH_WATER_BYTES, CHANNEL_LOW_WATER_BYTES } from '../../../shared/src/limits/storage.ts';
import { type Millis, type Rng, seededRng } from '../../../shared/src/machine.ts';
import type { PeerKey } from '../../src/swarm/peer-key.ts';
import { Torrent } from '../../src/swarm/torrent.ts';
import type { EffectResult, Metainfo, TorrentInput, TorrentOutput, TorrentRun } from '../../src/swarm/types.ts';
import { type Capacity, Line, type Network, type Parcel, Pipe } from './network.ts';
import { BlockParcel, ControlParcel, type Receive } from './parcels.ts';
import { type Rewrite, WireFilter } from './wire-filter.ts';
import { zeroLeaves } from './zeros.ts';

/** From the last block of a piece to the answer of hash and storage. [ms] */
const STORE_MS = 5;

/** From a block to the verdict on it. [ms] A message to the worker, SHA-256 of 16 KiB, a message back. */
const VERIFY_MS = 2;

/** How a simulated peer is set up. */
export interface SwarmPeerOptions {
  readonly name: string;
  readonly metainfo: Metainfo;
  readonly stored: Uint8Array | undefined;
  readonly capacity: Capacity;
  /** What becomes of its messages, other than blocks. */
  readonly rewrite?: Rewrite;
  /** Every block that it sends is wrong, but the first so many on each link. */
  readonly liesAfter?: number;
}

/** One end of a link. */
interface End {
  readonly pipe: Pipe;
  readonly far: SwarmPeer;
  readonly filter: WireFilter | undefined;
  readonly receive: Receive;
  /** Blocks that were sent over it. */
  blocks: number;
  isCongested: boolean;
  /** Small messages behind the last block: more may join them until they leave. */
  tail: ControlParcel | undefined;
}

/**
 * The shipping machine of a torrent with a driver on the simulated network: no disk, and no payload but zeros. What a hash
 * would tell of a block is told by its first byte.
 */
export class SwarmPeer {
  readonly id: NodeId;
  readonly torrent: Torrent;
  readonly line: Line;
  readonly options: SwarmPeerOptions;
  readonly ends = new Map<PeerKey, End>();
  joinedAt: Millis = 0;
  completedAt: Millis | undefined;
  /** When 99 % of the bytes were here. */
  almostAt: Millis | undefined;
  /** Blocks that were kept and blocks that were sent. [bytes] */
  keptBytes = 0;
  sentBytes = 0;
  /** Wrong blocks that came. [bytes] */
  wrongBytes = 0;
  /** Wrong blocks that each poisoner sent, with those that were on their way when the link was closed. [bytes] */
  readonly lies = new Map<PeerKey, number>();
  readonly banned = new Set<PeerKey>();
  hasLeft = false;
  storedPieces = 0;
  /** Senders of the wrong blocks of each piece that is partly here, by where the block begins. */
  readonly #wrong = new Map<number, Map<number, PeerKey>>();
  /** Senders of right blocks, on trial, that came before their leaves, by piece and where the block begins. */
  readonly #tried = new Map<number, Map<number, PeerKey>>();
  readonly #network: Network;
  #armedAt: Millis | undefined;

  constructor(network: Network, options: SwarmPeerOptions, rng: Rng) {
    this.#network = network;
    this.options = options;
    this.id = hashToId(utf8Encode(options.name));
    const { metainfo, stored } = options;
    const setup = { self: this.id, infoHash: metainfo.infoHash, metainfo, stored };
    this.torrent = new Torrent(setup, seededRng(rng.nextUint32()));
    this.line = new Line(options.capacity);
    this.#arm();
  }

  get isComplete(): boolean {
    return this.completedAt !== undefined;
  }

  /** Opens a link between two peers. */
  static link(network: Network, a: SwarmPeer, b: SwarmPeer, latencyMs: number): void {
    if (a === b || a.ends.has(b.id) || a.hasLeft || b.hasLeft) return;
    a.#attach(network, b, latencyMs);
    b.#attach(network, a, latencyMs);
    a.input({ kind: 'linkUp', peer: b.id, isOutbound: true });
    b.input({ kind: 'linkUp', peer: a.id, isOutbound: false });
  }

  input(input: TorrentInput): void {
    if (this.hasLeft) return;
    const out: TorrentOutput[] = [];
    this.torrent.handle(input, this.#network.now, out);
    for (const output of out) this.#carryOut(output);
    this.#arm();
  }

  /** Leaves without a word. */
  leave(): void {
    this.hasLeft = true;
    for (const id of [...this.ends.keys()]) this.#detach(id);
  }

  #attach(network: Network, far: SwarmPeer, latencyMs: number): void {
    const onDrained = (): void => {
      if (!end.isCongested || pipe.queuedBytes > CHANNEL_LOW_WATER_BYTES) return;
      end.isCongested = false;
      this.input({ kind: 'writable', peer: far.id });
    };
    const pipe = new Pipe(network, this.line, far.line, latencyMs, onDrained);
    const { rewrite } = this.options;
    const filter = rewrite && new WireFilter(rewrite);
    const receive: Receive = (bytes) => far.input({ kind: 'received', from: this.id, bytes });
    const end: End = { pipe, far, filter, receive, blocks: 0, isCongested: false, tail: undefined };
    this.ends.set(far.id, end);
  }

  #detach(id: PeerKey): void {
    const end = this.ends.get(id);
    if (!end) return;
    this.ends.delete(id);
    end.pipe.isClosed = true;
    const back = end.far.ends.get(this.id);
    if (!back) return;
    back.pipe.isClosed = true;
    end.far.ends.delete(this.id);
    this.#network.after(end.pipe.latencyMs, () => end.far.input({ kind: 'linkDown', peer: this.id }));
  }

  #carryOut(output: TorrentOutput): void {
    switch (output.kind) {
      case 'send':
        return this.#sendControl(output.to, output.bytes);
      case 'run':
        return this.#run(output.run);
      case 'closeLink':
        return this.#detach(output.peer);
      case 'emit':
        if (output.event.kind === 'pieceStored') this.storedPieces++;
        if (output.event.kind === 'complete') this.completedAt ??= this.#network.now;
        if (output.event.kind === 'banned') this.banned.add(output.event.peer);
    }
  }

  #run(run: TorrentRun): void {
    switch (run.kind) {
      case 'keepBlock':
        this.keptBytes += run.bytes.length;
        if (this.keptBytes >= 0.99 * this.options.metainfo.totalLength) this.almostAt ??= this.#network.now;
        return this.#note(run);
      case 'sendBlock':
        return this.#sendBlock(run.to, run.piece, run.begin, run.length);
      case 'finishPiece':
        return this.#answer(run.effect, this.#finish(run.piece, run.leaves !== undefined));
      case 'checkMetadata':
        return this.#answer(run.effect, { kind: 'metadata', metainfo: this.options.metainfo });
      case 'hashLeaves':
        return this.#answer(run.effect, { kind: 'leaves', leaves: zeroLeaves(this.options.metainfo.pieceLength) });
      case 'checkBlocks':
        for (const [begin, from] of this.#wrong.get(run.piece) ?? []) this.#convict(run.piece, begin, from);
        for (const [begin, from] of this.#tried.get(run.piece) ?? []) this.#acquit(run.piece, begin, from);
        this.#tried.delete(run.piece);
        return;
      case 'dropPiece':
        this.#forget(run.piece);
        return;
      case 'fetchWeb':
      case 'stopWeb':
      // Simulated torrents name no web seeds.
    }
  }

  /** A block is kept in the place of what was there. */
  #note({ piece, begin, from, bytes, leaf, isTrial }: Extract<TorrentRun, { kind: 'keepBlock' }>): void {
    const wrong = this.#wrong.get(piece);
    wrong?.delete(begin);
    if (bytes[0] === 0) {
      if (isTrial && leaf) this.#acquit(piece, begin, from);
      else if (isTrial) this.#tried.set(piece, (this.#tried.get(piece) ?? new Map<number, PeerKey>()).set(begin, from));
      return;
    }
    this.keptBytes -= bytes.length;
    this.#wrong.set(piece, (wrong ?? new Map<number, PeerKey>()).set(begin, from));
    if (leaf) this.#convict(piece, begin, from);
  }

  #convict(piece: number, begin: number, from: PeerKey): void {
    this.#network.after(VERIFY_MS, () => this.input({ kind: 'blockBad', piece, begin, from }));
  }

  #acquit(piece: number, begin: number, from: PeerKey): void {
    this.#network.after(VERIFY_MS, () => this.input({ kind: 'blockGood', piece, begin, from }));
  }

  #forget(piece: number): void {
    this.#wrong.delete(piece);
    this.#tried.delete(piece);
  }

  #finish(piece: number, hasLeaves: boolean): EffectResult {
    const begins = [...(this.#wrong.get(piece)?.keys() ?? [])];
    if (begins.length > 0 && hasLeaves) return { kind: 'badBlocks', begins };
    this.#forget(piece);
    return { kind: begins.length > 0 ? 'mismatch' : 'stored' };
  }

  #answer(effect: number, result: EffectResult): void {
    this.#network.after(STORE_MS, () => this.input({ kind: 'effectDone', effect, result }));
  }

  #sendControl(to: PeerKey, raw: Uint8Array): void {
    const end = this.ends.get(to);
    const bytes = end?.filter ? end.filter.pass(raw) : raw;
    if (!end || bytes.length === 0) return;
    if (end.tail?.isOpen) {
      end.tail.add(bytes);
      end.pipe.grow(bytes.length);
      return;
    }
    end.tail = new ControlParcel(end.receive);
    end.tail.add(bytes);
    this.#send(end, end.tail);
  }

  #sendBlock(to: PeerKey, piece: number, begin: number, length: number): void {
    const end = this.ends.get(to);
    if (!end) return;
    this.sentBytes += length;
    end.tail = undefined;
    const isWrong = end.blocks++ >= (this.options.liesAfter ?? Infinity);
    if (isWrong) end.far.lies.set(this.id, (end.far.lies.get(this.id) ?? 0) + length);
    const receive: Receive = (bytes) => {
      if (isWrong) end.far.wrongBytes += length;
      end.receive(bytes);
    };
    this.#send(end, new BlockParcel(piece, begin, length, receive, isWrong));
  }

  #send(end: End, parcel: Parcel): void {
    end.pipe.send(parcel);
    if (end.isCongested || end.pipe.queuedBytes <= CHANNEL_HIGH_WATER_BYTES) return;
    end.isCongested = true;
    this.#network.after(0, () => this.input({ kind: 'congested', peer: end.far.id }));
  }

  #arm(): void {
    const at = this.torrent.nextDeadline()?.at;
    if (at === undefined || (this.#armedAt !== undefined && this.#armedAt <= at)) return;
    this.#armedAt = at;
    this.#network.at(at, () => {
      if (this.#armedAt !== at || this.hasLeft) return;
      this.#armedAt = undefined;
      this.input({ kind: 'deadline' });
      this.#arm();
    });
  }
}
