import { signal } from '@preact/signals';
import { isLocalHost } from './own-host.ts';
import { parseHashLink, type HashLink } from '../view/hash-link.ts';

/** What the page's address asks for after `#`. It stays in the address, so that a reload goes on. */
export const hashLink = signal<HashLink | undefined>(undefined);

/** Addresses of this server for other devices, from `/config.json`; empty when it names none. BOUNDED: by MAX_LAN_URLS. */
export const lanUrls = signal<readonly string[]>([]);

/** Most addresses taken from the server. */
const MAX_LAN_URLS = 8;

/** Follows the part of the address after `#`. */
export function startPlace(): void {
  const read = (): void => void (hashLink.value = parseHashLink(location.hash));
  addEventListener('hashchange', read);
  read();
}

/** Takes a download that was removed out of the address: a reload would begin it anew. */
export function forgetLink(infoHash: string): void {
  const link = parseHashLink(location.hash);
  if (link?.kind === 'file' && link.infoHash === infoHash)
    history.replaceState(history.state, '', `${location.pathname}${location.search}`);
}

/** The page's own address, without query and hash. */
export function pageUrl(): string {
  return `${location.origin}${location.pathname}`;
}

/** The page's address for other devices: its own, or on localhost that in the local network where the server names one. */
export function addressForOthers(): string {
  const first = isLocalHost() ? lanUrls.value[0] : undefined;
  return first === undefined ? pageUrl() : new URL(location.pathname, first).href;
}

/** Reads the server's LAN addresses once they are wanted. Without a server there are none. */
export async function loadLanUrls(): Promise<void> {
  if (!isLocalHost() || lanUrls.value.length > 0) return;
  try {
    const config: unknown = await (await fetch('./config.json')).json();
    lanUrls.value = readUrls(config);
  } catch {
    // The server is gone: the link of this computer is still shown.
  }
}

function readUrls(config: unknown): readonly string[] {
  if (typeof config !== 'object' || config === null || !('lanUrls' in config)) return [];
  const urls: unknown = config.lanUrls;
  if (!Array.isArray(urls)) return [];
  return urls
    .filter((url): url is string => typeof url === 'string' && URL.canParse(url))
    .filter((url) => /^https?:$/.test(new URL(url).protocol))
    .slice(0, MAX_LAN_URLS);
}
