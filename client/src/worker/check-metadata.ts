import { toHex } from '../../../shared/src/bytes.ts';
import { decodeInfo } from '../swarm/metainfo.ts';
import type { InfoHash, Metainfo } from '../swarm/types.ts';
import { sha1 } from './hash.ts';

/** The metainfo that peers sent for a magnet link, when it is what the info-hash names and is valid; else undefined. */
export async function checkMetadata(infoHash: InfoHash, infoBytes: Uint8Array): Promise<Metainfo | undefined> {
  const own = new Uint8Array(infoBytes);
  if (toHex(await sha1(own)) !== infoHash) return undefined;
  const decoded = decodeInfo(own);
  return decoded.ok ? decoded.value : undefined;
}
