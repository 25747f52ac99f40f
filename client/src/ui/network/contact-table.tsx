import { useRef, useState } from 'preact/hooks';
import type { ContactInfo } from '../../index.ts';
import { nameOf } from '../state/names.ts';
import { contacts } from '../state/network.ts';
import { marked, pointed, pointsAt, togglePicked } from '../state/peer-focus.ts';
import {
  type ContactColumn,
  type ContactOrder,
  NEAREST_FIRST,
  holdPlaces,
  reordered,
  sortContacts,
  stateOf,
} from '../view/contact-order.ts';
import { formatRtt } from '../view/format.ts';
import { plural } from '../view/plural.ts';
import { shortText } from '../view/people.ts';
import { useFocusHeir } from '../widgets/focus-heir.ts';
import { Icon } from '../widgets/icon.tsx';
import { LIST_KEYS, moveFocus } from '../widgets/roving.ts';

/** Most contacts listed; nobody reads more, and sorting brings the others up. */
const MAX_ROWS = 200;

const COLUMNS: readonly { readonly column: ContactColumn; readonly label: string; readonly title: string }[] = [
  { column: 'name', label: 'Peer', title: 'Name, where it is known' },
  { column: 'id', label: 'Id', title: 'Start of the id' },
  { column: 'bucket', label: 'Bucket', title: 'Bits that its id shares with yours' },
  { column: 'state', label: 'Link', title: 'Linked, through neighbours, or only known' },
  { column: 'sibling', label: 'Sibling', title: 'Among the peers nearest to you' },
  { column: 'rtt', label: 'RTT', title: 'Round-trip time of the overlay’s pings' },
];

/** The routing table in words: what ring and buckets draw. Headers sort; the arrow keys go up and down the rows. */
export function ContactTable() {
  const [order, setOrder] = useState(NEAREST_FIRST);
  const [active, setActive] = useState<string | undefined>();
  const [isPointedAt, setPointedAt] = useState(false);
  const [hasFocus, setFocus] = useState(false);
  const stood = useRef<{ readonly order: ContactOrder; readonly ids: readonly string[] }>({ order, ids: [] });
  // Who asks for another order gets it, wherever the pointer rests.
  const isHeld = (isPointedAt || hasFocus) && stood.current.order === order;
  const sorted = isHeld ? holdPlaces(contacts.value, stood.current.ids, order) : sortContacts(contacts.value, order);
  stood.current = { order, ids: sorted.map(({ id }) => id) };
  const rows = sorted.slice(0, MAX_ROWS);
  const stop = rows.some(({ id }) => id === active) ? active : rows[0]?.id;
  return (
    <>
      <table class="peers contacts" data-testid="contact-table">
        <thead>
          <tr>
            {COLUMNS.map(({ column, label, title }) => {
              const isSorted = order.column === column;
              return (
                <th
                  key={column}
                  scope="col"
                  class={`${column}-column`}
                  aria-sort={isSorted ? (order.isDescending ? 'descending' : 'ascending') : undefined}
                >
                  <button
                    type="button"
                    class={isSorted ? 'sort sorted' : 'sort'}
                    data-testid={`sort-${column}`}
                    title={title}
                    onClick={() => setOrder(reordered(order, column))}
                  >
                    {label}
                    <Icon name={isSorted && order.isDescending ? 'down' : 'up'} />
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody
          onKeyDown={(event) => void moveFocus(event, event.currentTarget, 'button.pick', LIST_KEYS)}
          onPointerEnter={() => setPointedAt(true)}
          onPointerLeave={() => setPointedAt(false)}
          onFocusCapture={() => setFocus(true)}
          onBlurCapture={() => setFocus(false)}
        >
          {rows.map((contact) => (
            <Row key={contact.id} contact={contact} isStop={contact.id === stop} setActive={setActive} />
          ))}
        </tbody>
      </table>
      {sorted.length > rows.length && (
        <p class="hint">and {plural(sorted.length - rows.length, 'further contact')}, after these in this order</p>
      )}
    </>
  );
}

interface RowProps {
  readonly contact: ContactInfo;
  readonly isStop: boolean;
  readonly setActive: (id: string) => void;
}

function Row({ contact, isStop, setActive }: RowProps) {
  const { id, bucket, linked, sibling, rttMs } = contact;
  const isMarked = marked.value === id;
  const row = useRef<HTMLTableRowElement>(null);
  useFocusHeir(row);
  return (
    <tr
      ref={row}
      class={isMarked ? 'chosen' : ''}
      data-testid="contact-row"
      data-peer-id={id}
      data-linked={String(linked)}
      onClick={() => togglePicked(id)}
      {...pointsAt(id)}
    >
      <th scope="row">
        <button
          type="button"
          class="pick clip"
          tabIndex={isStop ? 0 : -1}
          title={nameOf(id)}
          aria-pressed={isMarked}
          onFocus={() => {
            setActive(id);
            pointed.value = id;
          }}
          onBlur={() => (pointed.value = undefined)}
        >
          {nameOf(id)}
        </button>
      </th>
      <td class="id clip">{shortText(id)}</td>
      <td>{bucket}</td>
      <td>{stateOf(contact)}</td>
      <td>{sibling ? 'yes' : ''}</td>
      <td class="number">{formatRtt(rttMs)}</td>
    </tr>
  );
}
