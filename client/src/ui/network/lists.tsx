import { contacts, links } from '../state/network.ts';
import { formatRtt } from '../view/format.ts';
import { displayName, shortText } from '../view/people.ts';
import { Avatar } from '../widgets/avatar.tsx';
import { PathBadge } from '../widgets/path-badge.tsx';

/** Most contacts listed; the table holds a few hundred at most, and nobody reads that many. */
const MAX_ROWS = 200;

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
          <tr key={link.id} data-testid="link-row" data-peer-id={link.id} data-path={link.path}>
            <th scope="row">
              <Avatar id={link.id} name={displayName(link)} />
              <span class="clip">{displayName(link)}</span>
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

/** The routing table's contacts, nearest bucket first. */
export function ContactList() {
  const rows = contacts.value.toSorted((a, b) => b.bucket - a.bucket || (a.id < b.id ? -1 : 1)).slice(0, MAX_ROWS);
  return (
    <table class="peers contacts">
      <thead>
        <tr>
          <th scope="col">Contact</th>
          <th scope="col" class="bucket-column">
            Bucket
          </th>
          <th scope="col" class="linked-column">
            Link
          </th>
          <th scope="col" class="number">
            Round trip
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((contact) => (
          <tr key={contact.id} data-testid="contact-row" data-peer-id={contact.id} data-linked={String(contact.linked)}>
            <th scope="row">
              <span class="clip">{contact.name === undefined ? '' : displayName(contact)}</span>{' '}
              <span class="id">{shortText(contact.id)}</span>
            </th>
            <td>
              {contact.bucket}
              {contact.sibling && <span class="hint"> nearest</span>}
            </td>
            <td>{contact.linked ? 'linked' : 'known'}</td>
            <td class="number">{formatRtt(contact.rttMs)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
