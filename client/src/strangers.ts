import { BrowserStrangerNetwork } from './adapters/browser/stranger-network.ts';
import type { StrangerNetwork } from './ports/strangers.ts';

/** What a torrent needs whose trackers are WebTorrent's: most name none, so it is fetched when one does. */
export { TorrentStrangers } from './runtime/swarm/torrent-strangers.ts';

export const network: StrangerNetwork = new BrowserStrangerNetwork();
