import type { SwarmPeer } from '../../api.ts';

/** What the letters of a peer are made of. */
export type PeerFacts = Pick<
  SwarmPeer,
  'isChokingUs' | 'isChoked' | 'isInterested' | 'isSource' | 'slot' | 'isSnubbed' | 'isInbound' | 'source'
>;

/** A peer's state in the letters that BitTorrent programs show, in their usual order `D d U u K ? O S I X H`, and `W`. */
export function flagsOf(peer: PeerFacts): string {
  return [
    peer.isSource && (peer.isChokingUs ? 'd' : 'D'),
    peer.isInterested && (peer.isChoked ? 'u' : 'U'),
    !peer.isSource && !peer.isChokingUs && 'K',
    !peer.isInterested && !peer.isChoked && '?',
    peer.slot === 'optimistic' && 'O',
    peer.isSnubbed && 'S',
    peer.isInbound && 'I',
    peer.source === 'exchange' && 'X',
    peer.source === 'overlay' && 'H',
    peer.source === 'webtorrent' && 'W',
  ]
    .filter((flag) => flag !== false)
    .join('');
}
