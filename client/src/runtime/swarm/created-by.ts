import { utf8Decode } from '../../../../shared/src/bytes.ts';
import { bytesOf, decodeBencode } from '../../swarm/bencode.ts';

/** Longest name of a program that is shown. [UTF-16 units] */
const MAX_NAME = 100;

/** The program that made a torrent file, as it says itself (BEP 3 extension `created by`); undefined when it does not. */
export function readCreatedBy(torrentFile: Uint8Array): string | undefined {
  const document = decodeBencode(torrentFile);
  if (!document.ok || document.value.kind !== 'dictionary') return undefined;
  const name = utf8Decode(bytesOf(document.value, 'created by') ?? new Uint8Array(0));
  return name ? name.slice(0, MAX_NAME) : undefined;
}
