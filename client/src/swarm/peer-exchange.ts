import { ID_BYTES, type NodeId, nodeIdFromBytes, nodeIdToBytes } from '../../../shared/src/ids.ts';
import {
  EXCHANGE_FIRST_MS,
  EXCHANGE_LEAST_GAP_MS,
  EXCHANGE_PERIOD_MS,
  MAX_EXCHANGED_PEERS,
  MAX_EXTENSION_VALUES,
} from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { concatBytes } from '../../../shared/src/bytes.ts';
import { type BencodeInput, bytesOf, decodeBencode, encodeBencode } from './bencode.ts';
import type { Effects } from './effects.ts';
import { type PeerKey, isStranger } from './peer-key.ts';
import type { PeerSession } from './peer-session.ts';
import type { FoundPeer } from './types.ts';

/** What one message of the exchange says. */
export interface PeerNews {
  readonly added: readonly FoundPeer[];
  readonly dropped: readonly NodeId[];
}

/** Bits of `added.f` (BEP 11): the peer has everything; the sender reached it, so others may. */
const SEED = 0x02;
const REACHABLE = 0x10;

/** The payload of a message. At most `MAX_EXCHANGED_PEERS` in each list, trusted to be. */
export function encodePeerNews({ added, dropped }: PeerNews): Uint8Array {
  const flags = added.map(({ isSeed, isReachable }) => (isSeed ? SEED : 0) | (isReachable ? REACHABLE : 0));
  const news = new Map<string, BencodeInput>([
    ['added', concatBytes(...added.map(({ id }) => nodeIdToBytes(id)))],
    ['added.f', Uint8Array.from(flags)],
    ['dropped', concatBytes(...dropped.map(nodeIdToBytes))],
  ]);
  return encodeBencode(news);
}

/**
 * Total; undefined when no honest peer would send it. What is beyond `MAX_EXCHANGED_PEERS` in a list is left out; flags
 * that are missing are 0.
 */
export function decodePeerNews(payload: Uint8Array): PeerNews | undefined {
  const document = decodeBencode(payload, MAX_EXTENSION_VALUES);
  if (!document.ok || document.value.kind !== 'dictionary') return undefined;
  const added = idsOf(bytesOf(document.value, 'added'));
  const dropped = idsOf(bytesOf(document.value, 'dropped'));
  if (!added || !dropped) return undefined;
  const flags = bytesOf(document.value, 'added.f');
  const found = added.map((id, i): FoundPeer => {
    const bits = flags?.[i] ?? 0;
    return { id, isSeed: (bits & SEED) !== 0, isReachable: (bits & REACHABLE) !== 0 };
  });
  return { added: found, dropped };
}

function idsOf(bytes: Uint8Array = new Uint8Array(0)): NodeId[] | undefined {
  if (bytes.length % ID_BYTES !== 0) return undefined;
  const ids: NodeId[] = [];
  for (let at = 0; at < bytes.length && ids.length < MAX_EXCHANGED_PEERS; at += ID_BYTES)
    ids.push(nodeIdFromBytes(bytes.subarray(at, at + ID_BYTES)));
  return ids;
}

/**
 * Tells peers of one torrent of each other, by node id (as BEP 11 does by address). A peer is told of those that are
 * connected here, soon after it came and then once a minute what has changed. What it tells is taken as often, not more.
 */
export class PeerExchange {
  readonly #effects: Effects;
  readonly #sessions: ReadonlyMap<PeerKey, PeerSession>;

  constructor(effects: Effects, sessions: ReadonlyMap<PeerKey, PeerSession>) {
    this.#effects = effects;
    this.#sessions = sessions;
  }

  /** A message came. Returns the peers that it names and that are not connected here. */
  receive(session: PeerSession, payload: Uint8Array, self: NodeId, now: Millis): readonly FoundPeer[] | 'malformed' {
    const { exchange } = session;
    if (now - exchange.receivedAt < EXCHANGE_LEAST_GAP_MS) return [];
    exchange.receivedAt = now;
    const news = decodePeerNews(payload);
    if (!news) return 'malformed';
    const seen = new Set<PeerKey>([self, session.id]);
    return news.added.filter(({ id }) => {
      if (seen.has(id) || this.#sessions.has(id)) return false;
      seen.add(id);
      return true;
    });
  }

  /** Once a second: tells those for whom it is time. */
  tick(now: Millis): void {
    for (const session of this.#sessions.values()) {
      const { exchange } = session;
      if (session.phase !== 'up' || exchange.peerId === undefined || session.isCongested) continue;
      if (
        now <
        (exchange.sentAt === undefined ? session.connectedAt + EXCHANGE_FIRST_MS : exchange.sentAt + EXCHANGE_PERIOD_MS)
      )
        continue;
      const news = this.#newsFor(session);
      if (!news) continue;
      exchange.sentAt = now;
      this.#effects.write(session).extended(exchange.peerId, encodePeerNews(news));
    }
  }

  /** What has changed since the peer was last told, noted as told. Undefined when nothing has. */
  #newsFor(session: PeerSession): PeerNews | undefined {
    const { told } = session.exchange;
    const added: FoundPeer[] = [];
    const dropped: NodeId[] = [];
    for (const id of told) {
      if (dropped.length === MAX_EXCHANGED_PEERS) break;
      if (this.#sessions.get(id)?.phase !== 'up') dropped.push(id);
    }
    for (const other of this.#sessions.values()) {
      if (added.length === MAX_EXCHANGED_PEERS) break;
      const { id } = other;
      // A stranger has no node id by which others could find it.
      if (other === session || other.phase !== 'up' || isStranger(id) || told.has(id)) continue;
      added.push({ id, isSeed: other.pieces?.isFull ?? false, isReachable: other.isOutbound });
    }
    if (added.length === 0 && dropped.length === 0) return undefined;
    for (const id of dropped) told.delete(id);
    for (const { id } of added) told.add(id);
    return { added, dropped };
  }
}
