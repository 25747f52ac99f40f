import type { SwarmPeer } from '../../index.ts';
import { formatRate, plural } from '../view/format.ts';
import { displayName } from '../view/people.ts';

/** The peers of a swarm: what each has, gives and takes, and who holds an upload slot. */
export function SwarmPeers({ peers }: { readonly peers: readonly SwarmPeer[] }) {
  if (peers.length === 0) return <p class="hint">No peer is connected for this one now.</p>;
  return (
    <div>
      <h3>{plural(peers.length, 'peer')}</h3>
      <table class="peers swarm">
        <thead>
          <tr>
            <th scope="col">Peer</th>
            <th scope="col" class="number">
              Has
            </th>
            <th scope="col" class="number">
              ↓
            </th>
            <th scope="col" class="number">
              ↑
            </th>
            <th scope="col">Slot</th>
          </tr>
        </thead>
        <tbody>
          {peers.map((peer) => (
            <tr key={peer.id} data-testid="swarm-peer" data-peer-id={peer.id}>
              <th scope="row">
                <span class="clip">{displayName(peer)}</span>
              </th>
              <td class="number">{Math.floor(peer.progress * 100)} %</td>
              <td class="number">{rateOrDash(peer.downBytesPerSecond)}</td>
              <td class="number">{rateOrDash(peer.upBytesPerSecond)}</td>
              <td title={peer.isChokingUs ? 'This peer gives us nothing now' : 'This peer gives to us'}>
                {slotWord(peer)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function rateOrDash(bytesPerSecond: number): string {
  return bytesPerSecond > 0 ? formatRate(bytesPerSecond) : '–';
}

function slotWord({ slot }: SwarmPeer): string {
  switch (slot) {
    case 'none':
      return '–';
    case 'regular':
      return 'regular';
    case 'optimistic':
      return 'optimistic';
  }
}
