/** What the seeds of a run's generators are for. */
const PEER = 0x9e3779b1;
const SERVER = 0x85ebca77;
const WORKLOAD = 0xc2b2ae3d;

/** The seed of peer `index`: another one for each, whichever shard has it. */
export function peerSeed(seed: number, index: number): number {
  return mixed(seed, PEER) ^ scrambled(index);
}

/** The seed of what the server chooses. */
export function serverSeed(seed: number): number {
  return mixed(seed, SERVER);
}

/** The seed of what a shard's part of a scenario chooses. Shard 0 has the run's own. */
export function workloadSeed(seed: number, shard: number): number {
  return shard === 0 ? seed : mixed(seed, WORKLOAD) ^ scrambled(shard);
}

function mixed(seed: number, salt: number): number {
  return scrambled(seed ^ salt);
}

/** A permutation of the 32-bit numbers without visible pattern (the finalizer of MurmurHash3). */
function scrambled(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
