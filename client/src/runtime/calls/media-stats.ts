import type { CallStats } from '../../api.ts';
import type { LinkPath } from '../../ports/links.ts';

/** What a call knows before anything was received. */
export const NO_STATS: CallStats = {
  rttMs: undefined,
  audioBytesReceived: 0,
  videoBytesReceived: 0,
  framesDecoded: 0,
  frameWidth: undefined,
  frameHeight: undefined,
  packetsLost: 0,
};

/** The figures of a connection, out of the browser's report (W3C webrtc-stats §7). */
export function readStats(report: RTCStatsReport): CallStats {
  let stats = { ...NO_STATS, rttMs: rttOf(selectedPair(report)) };
  for (const entry of report.values() as Iterable<RTCInboundRtpStreamStats>) {
    if (entry.type !== 'inbound-rtp') continue;
    const bytes = entry.bytesReceived ?? 0;
    stats = { ...stats, packetsLost: stats.packetsLost + (entry.packetsLost ?? 0) };
    if (entry.kind === 'audio') stats = { ...stats, audioBytesReceived: stats.audioBytesReceived + bytes };
    else {
      stats = {
        ...stats,
        videoBytesReceived: stats.videoBytesReceived + bytes,
        framesDecoded: stats.framesDecoded + (entry.framesDecoded ?? 0),
        frameWidth: entry.frameWidth,
        frameHeight: entry.frameHeight,
      };
    }
  }
  return stats;
}

/** How media travels now: `turn` when either end of the selected pair is a relay candidate. */
export function readPath(report: RTCStatsReport): LinkPath | undefined {
  const pair = selectedPair(report);
  if (!pair) return undefined;
  const ends = [report.get(pair.localCandidateId), report.get(pair.remoteCandidateId)] as (
    | { readonly candidateType?: string }
    | undefined
  )[];
  if (ends.some((end) => end?.candidateType === 'relay')) return 'turn';
  return ends.includes(undefined) ? undefined : 'direct';
}

/** A round trip of a connection, and how many were measured before it. */
export interface RoundTrip {
  readonly ms: number;
  readonly count: number;
}

/**
 * The newest round trip that is known: that of pictures, else of sound, as RTCP reports tell them; before there are any, that
 * of ICE's own questions.
 */
export function readRoundTrip(report: RTCStatsReport): RoundTrip | undefined {
  let most: RoundTrip | undefined;
  for (const entry of report.values() as Iterable<RemoteInbound>) {
    const { type, roundTripTime, roundTripTimeMeasurements: count = 0 } = entry;
    if (type !== 'remote-inbound-rtp' || roundTripTime === undefined || count <= (most?.count ?? 0)) continue;
    most = { ms: 1000 * roundTripTime, count };
  }
  if (most) return most;
  const pair = selectedPair(report);
  const ms = rttOf(pair);
  return ms === undefined ? undefined : { ms, count: pair?.responsesReceived ?? 0 };
}

/** What the other side reports of a stream that is sent to it (W3C webrtc-stats §7.5); TypeScript's DOM library leaves it out. */
interface RemoteInbound extends RTCStats {
  readonly roundTripTime?: number;
  readonly roundTripTimeMeasurements?: number;
}

type Pair = RTCIceCandidatePairStats & { readonly selected?: boolean };

/** Firefox marks the pair itself, the others name it in the transport's entry. */
function selectedPair(report: RTCStatsReport): Pair | undefined {
  for (const entry of report.values() as Iterable<RTCTransportStats & Pair>) {
    if (entry.type === 'candidate-pair' && entry.selected) return entry;
    if (entry.type !== 'transport' || !entry.selectedCandidatePairId) continue;
    const pair = report.get(entry.selectedCandidatePairId) as Pair | undefined;
    if (pair) return pair;
  }
  return undefined;
}

function rttOf(pair: Pair | undefined): number | undefined {
  return pair?.currentRoundTripTime === undefined ? undefined : pair.currentRoundTripTime * 1000;
}
