import { sha1 } from '@noble/hashes/legacy.js';
import { concatBytes, equalBytes, utf8Encode } from '../../../../shared/src/bytes.ts';
import { type NodeId, hashToId } from '../../../../shared/src/ids.ts';
import { BLOCK_BYTES } from '../../../../shared/src/limits/metainfo.ts';
import { type Millis, type Rng, randomBelow, randomBytes, seededRng } from '../../../../shared/src/machine.ts';
import { TimerTable } from '../../../../shared/src/timer-table.ts';
import { buildMetainfo } from '../build-metainfo.ts';
import { truncateInfoHash } from '../magnet.ts';
import { decodeInfo, infoHashOf, infoHashV2Of, pieceLengthOf } from '../metainfo.ts';
import { shortPieces } from '../hash-trees.ts';
import { TREE_HASH_BYTES, climb, leafHash, leafHashes, pieceLayerOf, treeShape } from '../merkle.ts';
import type { PeerKey } from '../peer-key.ts';
import { Torrent } from '../torrent.ts';
import type {
  EffectResult,
  InfoHash,
  Metainfo,
  TorrentEvent,
  TorrentInput,
  TorrentOutput,
  TorrentRun,
  TorrentVersion,
} from '../types.ts';
import { encodePieceHeader } from '../wire.ts';
import { LabWeb } from './lab-web.ts';

/** Delay of every message. [ms] */
export const LATENCY_MS = 10;

/** Queued bytes at which a channel is congested, and at which it is writable again. */
const HIGH_WATER = 512 * 1024;
const LOW_WATER = 256 * 1024;

/** Content of a test: random bytes cut into files, with its metainfo. */
export interface LabContent {
  readonly bytes: Uint8Array;
  readonly metainfo: Metainfo;
}

export function makeContent(
  seed: number,
  lengths: readonly number[],
  pieceLength: number,
  version: TorrentVersion = 'v1',
  areEqual = false,
): LabContent {
  const rng = seededRng(seed);
  const parts = lengths.map((length) => randomBytes(areEqual ? seededRng(seed) : rng, length));
  const bytes = concatBytes(
    ...parts.flatMap((part, i) => {
      const isPadded = version !== 'v1' && i < parts.length - 1;
      return isPadded ? [part, new Uint8Array((pieceLength - (part.length % pieceLength)) % pieceLength)] : [part];
    }),
  );
  const hashes: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceLength) hashes.push(sha1(bytes.subarray(at, at + pieceLength)));
  const files = lengths.map((length, index) => ({ path: [`file ${index}`], length }));
  const pieceHashes = version === 'v2' ? undefined : concatBytes(...hashes);
  const layerOf = (part: Uint8Array): Uint8Array | undefined =>
    part.length === 0 ? undefined : pieceLayerOf(leafHashes(part), treeShape(part.length, pieceLength));
  const pieceLayers = version === 'v1' ? undefined : parts.map(layerOf);
  const name = lengths.length === 1 ? 'file 0' : 'a share';
  return { bytes, metainfo: buildMetainfo({ name, files, pieceLength, pieceHashes, pieceLayers, trackers: [] }) };
}

/** How a peer of the lab is set up. */
export interface LabPeerOptions {
  readonly content: LabContent;
  readonly role: 'seed' | 'leecher' | 'magnet';
  /** URLs of `Lab.web`. */
  readonly webSeeds?: readonly string[];
  /** [bytes/ms], which is kB/s. */
  readonly uplink?: number;
  /** Changes blocks on their way out. */
  readonly corrupt?: (piece: number, begin: number, block: Uint8Array) => Uint8Array;
  /** Changes wire bytes other than blocks on their way out. */
  readonly tamper?: (bytes: Uint8Array) => Uint8Array;
  /** Result of the n-th storing of a piece, instead of success. */
  readonly store?: (count: number) => EffectResult | undefined;
}

/** Whose block it is, and whether that it is right is to be told. */
interface LabSender {
  readonly from: PeerKey;
  readonly isTrial: boolean;
}

/** One machine with the driver of a test around it: a byte array as storage, an uplink, and a log of events. */
export class LabPeer {
  readonly id: NodeId;
  readonly torrent: Torrent;
  readonly options: LabPeerOptions;
  readonly store: Uint8Array;
  readonly events: TorrentEvent[] = [];
  readonly closed: { readonly peer: PeerKey; readonly why: string }[] = [];
  readonly links = new Map<PeerKey, { queued: number; isCongested: boolean }>();
  /** Bytes of blocks received from each peer. */
  readonly sources = new Map<PeerKey, number>();
  readonly buffers = new Map<number, Uint8Array>();
  /** Blocks of each buffer that were kept without a leaf, and those that did not match theirs. */
  readonly unchecked = new Map<number, Map<number, LabSender>>();
  readonly bad = new Map<number, Set<number>>();
  /** Bytes from each peer that were kept and turned out bad. */
  readonly wrongBytes = new Map<PeerKey, number>();
  uplinkFreeAt: Millis = 0;
  armedAt: Millis | undefined;
  stores = 0;
  /** Hears nothing and says nothing, as a page that hangs. */
  isMute = false;
  keptBytes = 0;
  completedAt: Millis | undefined;

  constructor(name: string, options: LabPeerOptions, rng: Rng) {
    this.id = hashToId(utf8Encode(name));
    this.options = options;
    const { content, role } = options;
    this.store = role === 'seed' ? content.bytes.slice() : new Uint8Array(content.bytes.length);
    const pieces = Math.ceil(content.metainfo.totalLength / content.metainfo.pieceLength);
    const stored = new Uint8Array(Math.ceil(pieces / 8));
    for (let piece = 0; role === 'seed' && piece < pieces; piece++)
      stored[piece >> 3] = (stored[piece >> 3] as number) | (0x80 >> (piece & 7));
    const infoHash: InfoHash = content.metainfo.infoHash;
    const metainfo = role === 'magnet' ? undefined : content.metainfo;
    this.torrent = new Torrent(
      { self: this.id, infoHash, metainfo, stored: metainfo && stored, webSeeds: options.webSeeds },
      rng,
    );
  }

  get isComplete(): boolean {
    return this.events.some((event) => event.kind === 'complete');
  }

  get hasIdenticalBytes(): boolean {
    return equalBytes(this.store, this.options.content.bytes);
  }

  get banned(): PeerKey[] {
    return this.events.flatMap((event) => (event.kind === 'banned' ? [event.peer] : []));
  }
}

/** A repeatable little network: peers with limited uplinks on a virtual clock. */
export class Lab {
  now: Millis = 0;
  readonly peers: LabPeer[] = [];
  readonly web = new LabWeb();
  readonly #byId = new Map<PeerKey, LabPeer>();
  readonly #rng: Rng;
  readonly #timers = new TimerTable<number>();
  readonly #actions = new Map<number, () => void>();
  #nextAction = 0;

  constructor(seed: number) {
    this.#rng = seededRng(seed);
  }

  add(name: string, options: LabPeerOptions): LabPeer {
    const peer = new LabPeer(name, options, seededRng(this.#rng.nextUint32()));
    this.peers.push(peer);
    this.#byId.set(peer.id, peer);
    this.#arm(peer);
    return peer;
  }

  connect(a: LabPeer, b: LabPeer): void {
    a.links.set(b.id, { queued: 0, isCongested: false });
    b.links.set(a.id, { queued: 0, isCongested: false });
    this.input(a, { kind: 'linkUp', peer: b.id, isOutbound: true });
    this.input(b, { kind: 'linkUp', peer: a.id, isOutbound: false });
  }

  connectAll(): void {
    this.peers.forEach((a, index) => this.peers.slice(index + 1).forEach((b) => this.connect(a, b)));
  }

  /** The link between the two breaks; both are told at once. */
  cut(a: LabPeer, b: LabPeer): void {
    if (!a.links.delete(b.id)) return;
    b.links.delete(a.id);
    this.input(a, { kind: 'linkDown', peer: b.id });
    this.input(b, { kind: 'linkDown', peer: a.id });
  }

  /** The peer vanishes without a word. */
  kill(peer: LabPeer): void {
    for (const id of [...peer.links.keys()]) this.#disconnect(peer, id);
    this.#byId.delete(peer.id);
  }

  input(peer: LabPeer, input: TorrentInput): void {
    if (peer.isMute) return;
    const out: TorrentOutput[] = [];
    peer.torrent.handle(input, this.now, out);
    for (const output of out) this.#carryOut(peer, output);
    this.#arm(peer);
  }

  after(delay: Millis, action: () => void): void {
    const key = this.#nextAction++;
    this.#actions.set(key, action);
    this.#timers.set(key, this.now + delay, 'lab');
  }

  /** Runs until `isDone`, or to the instant `until`. */
  run(until: Millis, isDone: () => boolean = () => false): void {
    while (!isDone()) {
      const next = this.#timers.next();
      if (!next || next.at > until) {
        this.now = until;
        return;
      }
      this.now = Math.max(this.now, next.at);
      const key = this.#timers.takeExpired(this.now);
      if (key === undefined) continue;
      const action = this.#actions.get(key);
      this.#actions.delete(key);
      action?.();
    }
  }

  #carryOut(peer: LabPeer, output: TorrentOutput): void {
    if (output.kind === 'send') this.#send(peer, output.to, peer.options.tamper?.(output.bytes) ?? output.bytes);
    else if (output.kind === 'emit') {
      peer.events.push(output.event);
      if (output.event.kind === 'complete') peer.completedAt = this.now;
    } else if (output.kind === 'closeLink') {
      peer.closed.push({ peer: output.peer, why: output.why });
      this.#disconnect(peer, output.peer);
    } else this.#run(peer, output.run);
  }

  #run(peer: LabPeer, run: TorrentRun): void {
    const { metainfo } = peer.options.content;
    if (run.kind === 'keepBlock') {
      const buffer = peer.buffers.get(run.piece) ?? new Uint8Array(pieceLengthOf(metainfo, run.piece));
      buffer.set(run.bytes, run.begin);
      peer.buffers.set(run.piece, buffer);
      peer.keptBytes += run.bytes.length;
      peer.bad.get(run.piece)?.delete(run.begin);
      if (run.leaf) this.#checkBlock(peer, run.piece, run.begin, run, run.bytes, run.leaf);
      else peer.unchecked.set(run.piece, (peer.unchecked.get(run.piece) ?? new Map()).set(run.begin, run));
    } else if (run.kind === 'checkBlocks') this.#checkBlocks(peer, run.piece, run.leaves);
    else if (run.kind === 'dropPiece') this.#forget(peer, run.piece);
    else if (run.kind === 'sendBlock') {
      const at = run.piece * metainfo.pieceLength + run.begin;
      const block = peer.store.slice(at, at + run.length);
      const sent = peer.options.corrupt?.(run.piece, run.begin, block) ?? block;
      this.#byId.get(run.to)?.sources.set(peer.id, (this.#byId.get(run.to)?.sources.get(peer.id) ?? 0) + sent.length);
      this.#send(peer, run.to, concatBytes(encodePieceHeader(run.piece, run.begin, sent.length), sent));
    } else if (run.kind === 'fetchWeb' || run.kind === 'stopWeb') {
      const after = (ms: number, act: () => void): void => this.after(ms, act);
      this.web.run(peer, peer.options.content, run, after, (input) => this.input(peer, input));
    } else {
      const result = this.#result(peer, run);
      this.after(1, () => this.input(peer, { kind: 'effectDone', effect: run.effect, result }));
    }
  }

  #result(
    peer: LabPeer,
    run: Extract<TorrentRun, { kind: 'finishPiece' | 'checkMetadata' | 'hashLeaves' }>,
  ): EffectResult {
    if (run.kind === 'finishPiece') return this.#finish(peer, run);
    if (run.kind === 'checkMetadata') return this.#check(peer, run.infoBytes);
    const { metainfo } = peer.options.content;
    const at = run.piece * metainfo.pieceLength;
    return { kind: 'leaves', leaves: leafHashes(peer.store.subarray(at, at + dataLength(metainfo, run.piece))) };
  }

  /** A result of slow work: it comes a little later. */
  #checkBlock(peer: LabPeer, piece: number, begin: number, of: LabSender, bytes: Uint8Array, leaf: Uint8Array): void {
    const { from, isTrial } = of;
    if (equalBytes(leafHash(bytes), leaf)) {
      if (isTrial) this.after(1, () => this.input(peer, { kind: 'blockGood', piece, begin, from }));
      return;
    }
    peer.wrongBytes.set(from, (peer.wrongBytes.get(from) ?? 0) + bytes.length);
    peer.bad.set(piece, (peer.bad.get(piece) ?? new Set()).add(begin));
    this.after(1, () => this.input(peer, { kind: 'blockBad', piece, begin, from }));
  }

  #checkBlocks(peer: LabPeer, piece: number, leaves: Uint8Array): void {
    const buffer = peer.buffers.get(piece)?.subarray(0, dataLength(peer.options.content.metainfo, piece));
    for (const [begin, sender] of buffer ? (peer.unchecked.get(piece) ?? []) : []) {
      const at = (begin / BLOCK_BYTES) * TREE_HASH_BYTES;
      const leaf = leaves.subarray(at, at + TREE_HASH_BYTES);
      this.#checkBlock(peer, piece, begin, sender, buffer?.slice(begin, begin + BLOCK_BYTES) as Uint8Array, leaf);
    }
    peer.unchecked.delete(piece);
  }

  #forget(peer: LabPeer, piece: number): void {
    peer.buffers.delete(piece);
    peer.unchecked.delete(piece);
    peer.bad.delete(piece);
  }

  #finish(peer: LabPeer, { piece, leaves, treeHash }: Extract<TorrentRun, { kind: 'finishPiece' }>): EffectResult {
    const { metainfo } = peer.options.content;
    const buffer = peer.buffers.get(piece);
    if (leaves) this.#checkBlocks(peer, piece, leaves);
    const begins = [...(peer.bad.get(piece) ?? [])];
    if (begins.length > 0) return { kind: 'badBlocks', begins };
    this.#forget(peer, piece);
    const failure = peer.options.store?.(peer.stores++);
    if (failure) return failure;
    if (!buffer || !(leaves || isPiece(metainfo, piece, buffer, treeHash))) return { kind: 'mismatch' };
    peer.store.set(buffer, piece * metainfo.pieceLength);
    return { kind: 'stored' };
  }

  #check(peer: LabPeer, infoBytes: Uint8Array): EffectResult {
    const { version, infoHash } = peer.options.content.metainfo;
    const named = version === 'v2' ? truncateInfoHash(infoHashV2Of(infoBytes)) : infoHashOf(infoBytes);
    if (named !== infoHash) return { kind: 'badMetadata' };
    const decoded = decodeInfo(infoBytes);
    return decoded.ok
      ? { kind: 'metadata', metainfo: decoded.value }
      : { kind: 'refusedMetadata', code: decoded.error };
  }

  /** Splits the bytes at random, as a channel may, and delivers them when the uplink got to them. */
  #send(from: LabPeer, to: PeerKey, bytes: Uint8Array): void {
    const link = from.links.get(to);
    if (!link) return;
    link.queued += bytes.length;
    from.uplinkFreeAt = Math.max(this.now, from.uplinkFreeAt) + bytes.length / (from.options.uplink ?? 5000);
    const receiver = this.#byId.get(to);
    const far = receiver?.links.get(from.id);
    const cut = randomBelow(this.#rng, 4) === 0 ? randomBelow(this.#rng, bytes.length + 1) : bytes.length;
    this.after(from.uplinkFreeAt - this.now, () => this.#sent(from, to, link, bytes.length));
    this.after(from.uplinkFreeAt - this.now + LATENCY_MS, () => {
      for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
        // What was on its way when the link broke does not come by the next one.
        if (receiver && far && receiver.links.get(from.id) === far && part.length > 0)
          this.input(receiver, { kind: 'received', from: from.id, bytes: part });
      }
    });
    if (link.isCongested || link.queued <= HIGH_WATER) return;
    link.isCongested = true;
    this.after(0, () => {
      if (from.links.get(to) === link) this.input(from, { kind: 'congested', peer: to });
    });
  }

  #sent(from: LabPeer, to: PeerKey, link: { queued: number; isCongested: boolean }, length: number): void {
    link.queued -= length;
    if (!link.isCongested || link.queued > LOW_WATER) return;
    link.isCongested = false;
    if (from.links.get(to) === link) this.input(from, { kind: 'writable', peer: to });
  }

  #disconnect(peer: LabPeer, other: PeerKey): void {
    if (!peer.links.delete(other)) return;
    const far = this.#byId.get(other);
    if (far?.links.delete(peer.id)) this.after(LATENCY_MS, () => this.input(far, { kind: 'linkDown', peer: peer.id }));
  }

  #arm(peer: LabPeer): void {
    const at = peer.torrent.nextDeadline()?.at;
    if (at === undefined || (peer.armedAt !== undefined && peer.armedAt <= at)) return;
    peer.armedAt = at;
    this.after(Math.max(0, at - this.now), () => {
      if (peer.armedAt === at) peer.armedAt = undefined;
      if (this.#byId.has(peer.id)) this.input(peer, { kind: 'deadline' });
    });
  }
}

function dataLength(metainfo: Metainfo, piece: number): number {
  return shortPieces(metainfo).get(piece) ?? pieceLengthOf(metainfo, piece);
}

/** What the driver checks of a piece whose leaves are not known: its SHA-1 hash, or without one its hash in the tree. */
function isPiece(metainfo: Metainfo, piece: number, buffer: Uint8Array, treeHash: Uint8Array | undefined): boolean {
  const { pieceHashes, pieceLength } = metainfo;
  if (pieceHashes.length > 0) return equalBytes(sha1(buffer), pieceHashes.subarray(20 * piece, 20 * piece + 20));
  const at = piece * pieceLength;
  const file = metainfo.files.find(({ offset, length }) => offset <= at && at < offset + length);
  const leaves = leafHashes(buffer.subarray(0, dataLength(metainfo, piece)));
  const hash = climb(leaves, 0, treeShape(file?.length ?? 1, pieceLength).pieceLayer);
  return treeHash !== undefined && equalBytes(hash, treeHash);
}
