import { isLocalHost } from '../swarm/local-host.ts';
import type { Metainfo } from '../swarm/types.ts';

/**
 * Where a web seed has a file (BEP 19): a single-file torrent is at the URL itself, or below it when that ends with a
 * slash; files of others lie below the URL in the folder of the torrent's name. Undefined for what is not to be asked: no
 * http, a name or password, or a query to a machine of the own network, which might do something there (libtorrent
 * `ssrf_mitigation`).
 */
export function webSeedUrl(webSeed: string, metainfo: Metainfo, index: number): string | undefined {
  const file = metainfo.files[index];
  if (!file || !URL.canParse(webSeed)) return undefined;
  const { protocol, username, password, hostname, search } = new URL(webSeed);
  if ((protocol !== 'http:' && protocol !== 'https:') || username !== '' || password !== '') return undefined;
  if (search !== '' && isLocalHost(hostname)) return undefined;
  const { name, files } = metainfo;
  const isAlone = (): boolean => files.every((other, at) => at === index || other.isPadding === true);
  // Asked last: where there are many files, the first that is another one ends it.
  const isSingle = !file.isPadding && file.path.length === 1 && file.path[0] === name && isAlone();
  if (isSingle) return webSeed.endsWith('/') ? webSeed + encodeURIComponent(name) : webSeed;
  const path = [name, ...file.path].map(encodeURIComponent).join('/');
  return `${webSeed.endsWith('/') ? webSeed : `${webSeed}/`}${path}`;
}
