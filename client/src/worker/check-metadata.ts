import { toHex } from '../../../shared/src/bytes.ts';
import { truncateInfoHash } from '../swarm/magnet.ts';
import { decodeInfo, underInfoHash } from '../swarm/metainfo.ts';
import type { InfoHash, Metainfo } from '../swarm/types.ts';
import { sha1, sha256 } from './hash.ts';

/**
 * The metainfo that peers sent for a magnet link, when it is what the info-hash names, by SHA-1 (BEP 3) or by SHA-256
 * (BEP 52), and is valid; else undefined.
 */
export async function checkMetadata(infoHash: InfoHash, infoBytes: Uint8Array): Promise<Metainfo | undefined> {
  const own = new Uint8Array(infoBytes);
  const isNamed = toHex(await sha1(own)) === infoHash || truncateInfoHash(toHex(await sha256(own))) === infoHash;
  if (!isNamed) return undefined;
  const decoded = decodeInfo(own);
  return decoded.ok ? underInfoHash(decoded.value, infoHash) : undefined;
}
