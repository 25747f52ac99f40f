/** Memory from which frames are cut. [bytes] Some twenty frames; as much stays in use as long as one of them does. */
const SLAB_BYTES = 4 * 1024;

/** Longer frames get memory of their own. [bytes] */
const MAX_CUT_BYTES = SLAB_BYTES / 8;

let allocate = (length: number): Uint8Array => new Uint8Array(length);
let slab = allocate(SLAB_BYTES);
let usedBytes = 0;

/**
 * Has frames of this thread cut from shared memory from now on. For simulations: an engine looks through its whole heap
 * after each 64 MB of other memory that lies outside of it and is still in use, but does not count what is shared. Peers
 * keep messages for seconds until they are answered, so that in a large network these are soon there: while one machine grew
 * to 25,000 peers the engine looked 80 times, with shared memory 12 (measured: node --trace-gc --trace-incremental-marking).
 */
export function shareFrameMemory(): void {
  allocate = (length) => new Uint8Array(new SharedArrayBuffer(length));
  slab = allocate(SLAB_BYTES);
  usedBytes = 0;
}

/**
 * Zeroed memory for a frame. An array with memory of its own is costly to an engine, as that lies outside of its heap: with
 * it a routed message took 6.1 us, cut from a slab, and with envelopes read without payloads, 4.8 (medians of three,
 * measured: npm run sim -- forwarding). Frames are sent as views, so that they can lie in one; nothing is written to twice.
 */
export function newFrame(length: number): Uint8Array {
  if (length > MAX_CUT_BYTES) return allocate(length);
  if (usedBytes + length > SLAB_BYTES) {
    slab = allocate(SLAB_BYTES);
    usedBytes = 0;
  }
  const at = usedBytes;
  usedBytes += length;
  return slab.subarray(at, usedBytes);
}
