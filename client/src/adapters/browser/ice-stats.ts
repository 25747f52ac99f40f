import type { PairInfo } from '../../ports/links.ts';
import { networkOf } from './network-of.ts';

interface Entry {
  readonly id: string;
  readonly type: string;
  readonly selectedCandidatePairId?: string;
  readonly selected?: boolean;
  readonly nominated?: boolean;
  readonly state?: string;
  readonly localCandidateId?: string;
  readonly remoteCandidateId?: string;
  readonly candidateType?: string;
  readonly address?: string | null;
  readonly currentRoundTripTime?: number;
}

/** Reads the candidate pair in use out of a statistics report: Chromium names it in the transport, Firefox marks it. */
export function readPairStats(report: Iterable<[string, unknown]>): PairInfo | undefined {
  const entries = new Map<string, Entry>();
  let selectedId: string | undefined;
  let marked: Entry | undefined;
  for (const [id, value] of report) {
    const entry = value as Entry;
    entries.set(id, entry);
    if (entry.type === 'transport') selectedId ??= entry.selectedCandidatePairId;
    if (entry.type !== 'candidate-pair') continue;
    if (entry.selected || (!marked && entry.nominated && entry.state === 'succeeded')) marked = entry;
  }
  const pair = (selectedId === undefined ? undefined : entries.get(selectedId)) ?? marked;
  if (!pair) return undefined;
  const remote = entries.get(pair.remoteCandidateId ?? '');
  const ends = [entries.get(pair.localCandidateId ?? ''), remote];
  const seconds = pair.currentRoundTripTime;
  return {
    path: ends.some((end) => end?.candidateType === 'relay') ? 'turn' : 'direct',
    rttMs: seconds === undefined ? undefined : seconds * 1000,
    network: remote?.candidateType === 'relay' ? undefined : networkOf(remote?.address ?? ''),
  };
}
