import { useState } from 'preact/hooks';
import { whoIs } from '../state/names.ts';
import { marked, pointsAt } from '../state/peer-focus.ts';
import { sharedBits, xorDistance } from '../view/distance.ts';
import { plural } from '../view/plural.ts';
import { shortText } from '../view/people.ts';
import { Button } from '../widgets/button.tsx';

/** Rows shown before the person asks for all; a lookup finds up to k. */
const FIRST_ROWS = 5;

/** The peers nearest to a key, nearest first, with their distance: the start of the XOR, and the bits in common. */
export function ClosestPeers({ target, closest }: { readonly target: string; readonly closest: readonly string[] }) {
  const [isWhole, setWhole] = useState(false);
  const rows = isWhole ? closest : closest.slice(0, FIRST_ROWS);
  return (
    <>
      <table class="peers closest" data-testid="lookup-closest">
        <thead>
          <tr>
            <th scope="col">Nearest to the key</th>
            <th scope="col" class="distance-column">
              Distance
            </th>
            <th scope="col" class="number">
              Shared
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((id) => (
            <tr
              key={id}
              class={marked.value === id ? 'chosen' : ''}
              data-testid="closest-row"
              data-peer-id={id}
              {...pointsAt(id)}
            >
              <th scope="row">
                <span class="clip" title={whoIs(id)}>
                  {whoIs(id)}
                </span>{' '}
                {whoIs(id) !== shortText(id) && <span class="id">{shortText(id)}</span>}
              </th>
              <td class="id">{shortText(xorDistance(target, id))}…</td>
              <td class="number">{plural(sharedBits(target, id), 'bit')}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {closest.length > FIRST_ROWS && (
        <Button
          label={isWhole ? `Show the nearest ${FIRST_ROWS}` : `Show all ${closest.length}`}
          look="quiet"
          testId="lookup-all"
          onClick={() => setWhole(!isWhole)}
        />
      )}
    </>
  );
}
