import { toHex } from '../../../shared/src/bytes.ts';
import { type Result, err, ok } from '../../../shared/src/result.ts';
import { truncateInfoHash } from '../swarm/magnet.ts';
import type { MetainfoErrorCode } from '../swarm/metainfo-error.ts';
import { decodeInfo, underInfoHash } from '../swarm/metainfo.ts';
import type { InfoHash, Metainfo } from '../swarm/types.ts';
import { sha1, sha256 } from './hash.ts';

/**
 * The metainfo that peers sent for a magnet link, or why it is refused. Undefined when it is not what the info-hash
 * names, by SHA-1 (BEP 3) or by SHA-256 (BEP 52): only then did somebody lie.
 */
export async function checkMetadata(
  infoHash: InfoHash,
  infoBytes: Uint8Array,
): Promise<Result<Metainfo, MetainfoErrorCode> | undefined> {
  const own = new Uint8Array(infoBytes);
  const isNamed = toHex(await sha1(own)) === infoHash || truncateInfoHash(toHex(await sha256(own))) === infoHash;
  if (!isNamed) return undefined;
  const decoded = decodeInfo(own);
  if (!decoded.ok) return decoded;
  const metainfo = underInfoHash(decoded.value, infoHash);
  // A link may name it by the hash of a version that it is not of.
  return metainfo ? ok(metainfo) : err('not-metainfo');
}
