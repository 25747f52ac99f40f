import type { SwarmPeer } from '../../index.ts';
import { FLAG_WORDS, flagWords, slotWord } from '../view/flag-words.ts';
import { formatRate } from '../view/format.ts';
import { displayName } from '../view/people.ts';

/** The peers of a swarm: what each has, gives and takes, and who holds an upload slot. */
export function SwarmPeers({ peers }: { readonly peers: readonly SwarmPeer[] }) {
  if (peers.length === 0) return <p class="hint">No peer is connected for this one now.</p>;
  return (
    <>
      <table class="peers swarm">
        <thead>
          <tr>
            <th scope="col">Peer</th>
            <th scope="col" class="number">
              Has
            </th>
            <th scope="col" class="number">
              <span aria-hidden="true">↓</span>
              <span class="sr-only">Coming in</span>
            </th>
            <th scope="col" class="number">
              <span aria-hidden="true">↑</span>
              <span class="sr-only">Going out</span>
            </th>
            <th scope="col" class="wide-only">
              Flags
            </th>
            <th scope="col" class="wide-only">
              Slot
            </th>
          </tr>
        </thead>
        <tbody>
          {peers.map((peer) => (
            <PeerLine key={peer.id} peer={peer} />
          ))}
        </tbody>
      </table>
      <details class="legend">
        <summary>What the letters mean</summary>
        <dl>
          {FLAG_WORDS.map(([letter, words]) => (
            <div key={letter}>
              <dt>{letter}</dt>
              <dd>{words}</dd>
            </div>
          ))}
        </dl>
        <p class="hint">
          You give to those in a slot: regular ones give most to you, the optimistic one goes round so that newcomers
          get a chance.
        </p>
      </details>
    </>
  );
}

function PeerLine({ peer }: { readonly peer: SwarmPeer }) {
  const slot = slotWord(peer);
  return (
    <tr data-testid="swarm-peer" data-peer-id={peer.id} data-flags={peer.flags} data-slot={peer.slot}>
      <th scope="row">
        <span class="clip" title={displayName(peer)}>
          {displayName(peer)}
        </span>
        <span class="narrow-only peer-notes">
          <Flags flags={peer.flags} />
          {slot !== '' && ` ${slot}`}
        </span>
      </th>
      <td class="number">{Math.floor(peer.progress * 100)} %</td>
      <td class="number">{rateOrDash(peer.downBytesPerSecond)}</td>
      <td class="number">{rateOrDash(peer.upBytesPerSecond)}</td>
      <td class="wide-only">
        <Flags flags={peer.flags} />
      </td>
      <td class={`wide-only slot-word ${peer.slot}`}>{slot || '–'}</td>
    </tr>
  );
}

/** Letters for those who know them, words for all others. */
function Flags({ flags }: { readonly flags: string }) {
  const words = flagWords(flags);
  return (
    <span class="flags" title={words}>
      <span aria-hidden="true">{flags === '' ? '–' : flags.split('').join(' ')}</span>
      <span class="sr-only">{words}</span>
    </span>
  );
}

function rateOrDash(bytesPerSecond: number): string {
  return bytesPerSecond > 0 ? formatRate(bytesPerSecond) : '–';
}
