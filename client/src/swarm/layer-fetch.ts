import { equalBytes } from '../../../shared/src/bytes.ts';
import { HASH_PIPELINE, HASH_TIMEOUT_MS, MAX_HASHES_PER_REQUEST } from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Effects } from './effects.ts';
import type { HashTrees, HashedFile } from './hash-trees.ts';
import { type HashRange, TREE_HASH_BYTES, provenNode } from './merkle.ts';
import type { PeerKey } from './peer-key.ts';
import type { PeerSession } from './peer-session.ts';
import type { FileHashRange, WireHashes } from './wire.ts';

/** A part of a piece layer that is missing, as one request names it. */
interface Part {
  readonly file: HashedFile;
  readonly range: FileHashRange;
}

interface Asked extends Part {
  readonly peer: PeerKey;
  readonly at: Millis;
}

/**
 * Fetches piece layers (BEP 52). They are no part of the info dictionary, so who has it from peers lacks them. A part is
 * asked for with its uncles up to the root, so that each is verified by itself and who lies is certain. That is why one
 * that comes after its time, as from a peer with a low upload limit, is as good as any.
 */
export class LayerFetch {
  readonly #trees: HashTrees;
  /** Parts that nobody is asked for. BOUNDED: by the pieces. */
  #free: Part[];
  /** BOUNDED: by HASH_PIPELINE for each peer. */
  #asked: Asked[] = [];
  /** Layers that are partly here. BOUNDED: by the files. */
  readonly #layers = new Map<HashedFile, { readonly hashes: Uint8Array; missing: number }>();

  constructor(trees: HashTrees) {
    this.#trees = trees;
    this.#free = trees.files.filter((file) => !trees.hasLayer(file)).flatMap(partsOf);
  }

  get isDone(): boolean {
    return this.#free.length === 0 && this.#asked.length === 0;
  }

  /** Asks for what is missing. Call after each input while there is something. */
  pump(effects: Effects, sessions: ReadonlyMap<PeerKey, PeerSession>, now: Millis): void {
    this.#expire(sessions, now);
    if (this.#free.length === 0) return;
    for (const session of sessions.values()) {
      if (session.phase !== 'up' || !session.hasV2 || session.hashesRestUntil > now) continue;
      let load = this.#asked.filter(({ peer }) => peer === session.id).length;
      for (; load < HASH_PIPELINE; load++) {
        const part = this.#free.pop();
        if (!part) return;
        this.#asked.push({ ...part, peer: session.id, at: now });
        effects.write(session).hashRequest(part.range);
      }
    }
  }

  /** Hashes of a piece layer came. */
  receive(session: PeerSession, message: WireHashes): 'kept' | 'unwanted' | 'lie' {
    const part = this.#take(session, message) ?? this.#takeFree(session, message);
    if (!part) return 'unwanted';
    const { file } = part;
    const node = provenNode(message, message.hashes);
    if (!node || node.layer !== file.shape.height || !equalBytes(node.hash, file.piecesRoot)) {
      this.#free.push(part);
      return 'lie';
    }
    this.#keep(file, message);
    return 'kept';
  }

  /** The peer refused: it rests, and others are asked. False when it was not asked for this. */
  reject(session: PeerSession, range: FileHashRange, now: Millis): boolean {
    const asked = this.#take(session, range);
    if (!asked) return false;
    session.hashesRestUntil = now + HASH_TIMEOUT_MS;
    this.#free.push(asked);
    return true;
  }

  /** Layers are known that no peer sent: they are asked for no more, and still may come. */
  dropKnown(sessions: ReadonlyMap<PeerKey, PeerSession>): void {
    const isMissing = ({ file }: Part): boolean => !this.#trees.hasLayer(file);
    this.#free = this.#free.filter(isMissing);
    for (const asked of this.#asked) if (!isMissing(asked)) sessions.get(asked.peer)?.forgive(1);
    this.#asked = this.#asked.filter(isMissing);
    for (const file of [...this.#layers.keys()]) if (this.#trees.hasLayer(file)) this.#layers.delete(file);
  }

  removePeer(peer: PeerKey): void {
    this.#release((asked) => asked.peer === peer);
  }

  #expire(sessions: ReadonlyMap<PeerKey, PeerSession>, now: Millis): void {
    if (!this.#asked.some(({ at }) => now - at >= HASH_TIMEOUT_MS)) return;
    this.#release(({ peer, at }) => {
      if (now - at < HASH_TIMEOUT_MS) return false;
      const session = sessions.get(peer);
      if (session) {
        session.hashesRestUntil = now + HASH_TIMEOUT_MS;
        session.forgive(1);
      }
      return true;
    });
  }

  #release(isOver: (asked: Asked) => boolean): void {
    const kept: Asked[] = [];
    for (const asked of this.#asked) (isOver(asked) ? this.#free : kept).push(asked);
    this.#asked = kept;
  }

  #take(session: PeerSession, range: FileHashRange): Part | undefined {
    const at = this.#asked.findIndex((asked) => asked.peer === session.id && isSameRange(asked.range, range));
    return at < 0 ? undefined : this.#asked.splice(at, 1)[0];
  }

  /** A part whose request ran out. Who sends it only takes its time, and rests no longer. */
  #takeFree(session: PeerSession, range: FileHashRange): Part | undefined {
    const at = this.#free.findIndex((part) => isSameRange(part.range, range));
    if (at < 0) return undefined;
    session.hashesRestUntil = 0;
    return this.#free.splice(at, 1)[0];
  }

  #keep(file: HashedFile, { index, length, hashes }: WireHashes): void {
    const { pieceCount } = file.shape;
    const layer = this.#layers.get(file) ?? {
      hashes: new Uint8Array(pieceCount * TREE_HASH_BYTES),
      missing: pieceCount,
    };
    this.#layers.set(file, layer);
    const count = Math.min(length, pieceCount - index);
    layer.hashes.set(hashes.subarray(0, count * TREE_HASH_BYTES), index * TREE_HASH_BYTES);
    layer.missing -= count;
    if (layer.missing > 0) return;
    this.#layers.delete(file);
    this.#trees.setLayer(file, layer.hashes);
  }
}

/** True when both name the same hashes of the same file. */
export function isSameRange(a: FileHashRange, b: FileHashRange): boolean {
  const isSame = (key: keyof HashRange): boolean => a[key] === b[key];
  const areSame = isSame('index') && isSame('length') && isSame('baseLayer') && isSame('proofLayers');
  return areSame && equalBytes(a.piecesRoot, b.piecesRoot);
}

/** The requests that together fetch the file's piece layer. */
function partsOf(file: HashedFile): Part[] {
  const { piecesRoot, shape } = file;
  const { height, pieceLayer, pieceCount } = shape;
  const length = Math.min(MAX_HASHES_PER_REQUEST, 2 ** (height - pieceLayer));
  const proofLayers = height - pieceLayer - 1;
  const parts: Part[] = [];
  for (let index = 0; index < pieceCount; index += length)
    parts.push({ file, range: { piecesRoot, baseLayer: pieceLayer, index, length, proofLayers } });
  return parts;
}
