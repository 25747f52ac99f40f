import { ID_BYTES, type NodeId, nodeIdFromBytes, nodeIdToBytes } from '../../../shared/src/ids.ts';
import { type Rng, randomBytes } from '../../../shared/src/machine.ts';

/** A random id whose common prefix with `self` is exactly `bucket` bits long. `bucket` is below 160. */
export function randomIdInBucket(self: NodeId, bucket: number, rng: Rng): NodeId {
  const own = nodeIdToBytes(self);
  const bytes = randomBytes(rng, ID_BYTES);
  for (let bit = 0; bit <= bucket; bit++) {
    const mask = 0x80 >> (bit & 7);
    const at = bit >> 3;
    const ownBit = (own[at] as number) & mask;
    const wanted = bit === bucket ? ownBit ^ mask : ownBit;
    bytes[at] = ((bytes[at] as number) & ~mask) | wanted;
  }
  return nodeIdFromBytes(bytes);
}
