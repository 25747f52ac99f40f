import { useRef, useState } from 'preact/hooks';
import type { ContactInfo } from '../../index.ts';
import { BUCKET_CAPACITY, REPLACEMENT_CAPACITY } from '../../../../shared/src/limits/overlay.ts';
import { nameOf } from '../state/names.ts';
import { buckets, contacts } from '../state/network.ts';
import { marked, pointed, pointsAt, togglePicked } from '../state/peer-focus.ts';
import { node } from '../state/session.ts';
import { type BucketRow, bucketRows } from '../view/bucket-rows.ts';
import { stateOf } from '../view/contact-order.ts';
import { plural } from '../view/plural.ts';
import { useFocusHeir } from '../widgets/focus-heir.ts';
import { moveFocus } from '../widgets/roving.ts';
import { factsOf } from './peer-facts.tsx';

/** Along the slots in reading order; up and down go to the next bucket. */
const SLOT_KEYS = { back: ['ArrowLeft'], forth: ['ArrowRight'] };

/** The routing table as it is built: one row a bucket, one cell a slot. One stop of the Tab key; arrows go through it. */
export function BucketView() {
  const [active, setActive] = useState<string | undefined>();
  const self = node.value?.id;
  if (self === undefined) return null;
  const rows = bucketRows(self, contacts.value, buckets.value, BUCKET_CAPACITY);
  const inOrder = rows.flatMap((row) => row.contacts.map(({ id }) => id));
  const stop = active !== undefined && inOrder.includes(active) ? active : inOrder[0];
  const replacements = rows.reduce((sum, row) => sum + row.replacements, 0);
  return (
    <div class="bucket-view" data-testid="bucket-view">
      <table class="buckets" onKeyDown={onKey}>
        <caption class="sr-only">
          Buckets of the routing table. Arrow keys go from contact to contact, Enter marks one everywhere.
        </caption>
        <thead>
          <tr>
            <th scope="col">Bucket</th>
            <th scope="col" class="prefix-column">
              Prefix
            </th>
            <th scope="col">Contacts</th>
            <th scope="col">Spare</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.index} row={row} stop={stop} setActive={setActive} />
          ))}
        </tbody>
      </table>
      <Legend hasVirtual={contacts.value.some(({ virtual }) => virtual)} replacements={replacements} />
    </div>
  );
}

interface RowProps {
  readonly row: BucketRow;
  /** The contact that the Tab key stops at. */
  readonly stop: string | undefined;
  readonly setActive: (id: string) => void;
}

function Row({ row, stop, setActive }: RowProps) {
  const { index, prefix, replacements } = row;
  const linked = row.contacts.filter((contact) => contact.linked).length;
  return (
    <tr
      data-testid="bucket-row"
      data-bucket={index}
      data-linked={linked}
      data-known={row.contacts.length - linked}
      data-replacements={replacements}
    >
      <th scope="row" title={`Ids that share ${plural(index, 'bit')} with yours`}>
        {index}
      </th>
      <td class="prefix prefix-column">
        {prefix.shared}
        <b>{prefix.differs}</b>
      </td>
      <td>
        <div class="slots">
          {row.contacts.map((contact) => (
            <Slot key={contact.id} contact={contact} isStop={contact.id === stop} setActive={setActive} />
          ))}
          {Array.from({ length: row.free }, (_, i) => (
            <span key={i} class="slot free" />
          ))}
        </div>
      </td>
      <td>
        <div class="slots spare" title={`${replacements} of ${REPLACEMENT_CAPACITY} replacement slots`}>
          <span class="sr-only">{replacements}</span>
          {Array.from({ length: REPLACEMENT_CAPACITY }, (_, i) => (
            <span key={i} class={i < replacements ? 'slot spare' : 'slot spare free'} />
          ))}
        </div>
      </td>
    </tr>
  );
}

interface SlotProps {
  readonly contact: ContactInfo;
  readonly isStop: boolean;
  readonly setActive: (id: string) => void;
}

function Slot({ contact, isStop, setActive }: SlotProps) {
  const { id, sibling } = contact;
  const isMarked = marked.value === id;
  const button = useRef<HTMLButtonElement>(null);
  useFocusHeir(button);
  return (
    <button
      ref={button}
      type="button"
      class={`slot ${stateOf(contact)}${sibling ? ' sibling' : ''}${isMarked ? ' chosen' : ''}`}
      data-testid="slot"
      data-peer-id={id}
      tabIndex={isStop ? 0 : -1}
      aria-pressed={isMarked}
      aria-label={`${nameOf(id)}, ${factsOf(id)}`}
      onFocus={() => {
        setActive(id);
        pointed.value = id;
      }}
      onBlur={() => (pointed.value = undefined)}
      onClick={() => togglePicked(id)}
      {...pointsAt(id)}
    />
  );
}

function Legend({ hasVirtual, replacements }: { readonly hasVirtual: boolean; readonly replacements: number }) {
  return (
    <p class="legend">
      <Sample look="linked" text="linked" />
      {hasVirtual && <Sample look="virtual" text="virtual" title="Linked through common neighbours" />}
      <Sample look="known" text="known" />
      <Sample look="known sibling" text="sibling" />
      <Sample look="free" text="free" />
      <Sample look="spare" text={replacements > 0 ? 'replacement' : 'replacement, none now'} />
    </p>
  );
}

function Sample({ look, text, title }: { readonly look: string; readonly text: string; readonly title?: string }) {
  return (
    <span title={title}>
      <span class={`slot ${look}`} aria-hidden="true" />
      {text}
    </span>
  );
}

function onKey(event: KeyboardEvent): void {
  const table = event.currentTarget;
  if (!(table instanceof Element)) return;
  if (moveFocus(event, table, 'button.slot', SLOT_KEYS)) return;
  const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (by === 0) return;
  event.preventDefault();
  toOtherRow(table, by);
}

/** Moves the focus to the slot below or above, or to the last one of a shorter bucket. */
function toOtherRow(table: Element, by: number): void {
  const rows = [...table.querySelectorAll('tbody tr')].map((row) => [
    ...row.querySelectorAll<HTMLElement>('button.slot'),
  ]);
  const filled = rows.filter((row) => row.length > 0);
  const at = filled.findIndex((row) => row.some((slot) => slot === document.activeElement));
  const column = filled[at]?.findIndex((slot) => slot === document.activeElement) ?? 0;
  const next = at < 0 ? undefined : filled[at + by];
  next?.[Math.min(column, next.length - 1)]?.focus();
}
