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

/** What something took, and how many were measured before it. */
export interface Delay {
  readonly ms: number;
  readonly count: number;
}

/** What media takes on its way, as far as it is known. */
export interface Delays {
  /** To the other side and back. */
  readonly trip?: Delay | undefined;
  /** From the other side to this one, by the clocks of both: of use only beside others of the same call. */
  readonly arrival?: Delay | undefined;
}

/**
 * The newest that are known: those of pictures, else of sound, as RTCP reports tell them (RFC 3550 §6.4.1); before there are
 * any, the round trip of ICE's own questions.
 */
export function readDelays(report: RTCStatsReport): Delays {
  let [trip, arrival]: (Delay | undefined)[] = [];
  for (const entry of report.values() as Iterable<RemoteStream>) {
    if (entry.type === 'remote-inbound-rtp') trip = newer(trip, tripOf(entry));
    else if (entry.type === 'remote-outbound-rtp') arrival = newer(arrival, arrivalOf(entry));
  }
  return { trip: trip ?? iceTripOf(selectedPair(report)), arrival };
}

function newer(known: Delay | undefined, other: Delay | undefined): Delay | undefined {
  return other && other.count > (known?.count ?? 0) ? other : known;
}

function tripOf({ roundTripTime, roundTripTimeMeasurements: count = 0 }: RemoteStream): Delay | undefined {
  return roundTripTime === undefined ? undefined : { ms: 1000 * roundTripTime, count };
}

function arrivalOf({ timestamp, remoteTimestamp, reportsSent: count = 0 }: RemoteStream): Delay | undefined {
  return remoteTimestamp === undefined ? undefined : { ms: timestamp - remoteTimestamp, count };
}

function iceTripOf(pair: Pair | undefined): Delay | undefined {
  const ms = rttOf(pair);
  return ms === undefined ? undefined : { ms, count: pair?.responsesReceived ?? 0 };
}

/**
 * What the other side reports of a stream that is sent to it, or of one that it sends (W3C webrtc-stats §7.5, §7.7);
 * TypeScript's DOM library leaves it out.
 */
interface RemoteStream extends RTCStats {
  readonly roundTripTime?: number;
  readonly roundTripTimeMeasurements?: number;
  /** When the report left, by the other side's clock. [ms] `timestamp` is when it came, by ours. */
  readonly remoteTimestamp?: number;
  readonly reportsSent?: number;
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
