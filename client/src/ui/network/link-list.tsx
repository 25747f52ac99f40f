import { displayName, shortText } from '../view/people.ts';
import { links } from '../state/network.ts';
import { marked, pointsAt } from '../state/peer-focus.ts';
import { formatRtt } from '../view/format.ts';
import { Avatar } from '../widgets/avatar.tsx';
import { PathBadge } from '../widgets/path-badge.tsx';

/** The live links: what the chords of the ring mean, as a table. */
export function LinkList() {
  return (
    <table class="peers">
      <thead>
        <tr>
          <th scope="col">Peer</th>
          <th scope="col" class="id-column">
            Id
          </th>
          <th scope="col" class="path-column">
            Path
          </th>
          <th scope="col" class="number">
            Round trip
          </th>
        </tr>
      </thead>
      <tbody>
        {links.value.map((link) => (
          <tr
            key={link.id}
            class={marked.value === link.id ? 'chosen' : ''}
            data-testid="link-row"
            data-peer-id={link.id}
            data-path={link.path}
            {...pointsAt(link.id)}
          >
            <th scope="row">
              <Avatar id={link.id} name={displayName(link)} />
              <span class="clip" title={displayName(link)}>
                {displayName(link)}
              </span>
            </th>
            <td class="id id-column">{shortText(link.id)}</td>
            <td>
              <PathBadge path={link.path} />
            </td>
            <td class="number">{formatRtt(link.rttMs)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
