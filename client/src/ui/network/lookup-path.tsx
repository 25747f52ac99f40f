import { nameOf } from '../state/names.ts';
import { marked, pointsAt } from '../state/peer-focus.ts';
import { shortText } from '../view/people.ts';

/** The way of a lookup, from this page to the peer that answered. */
export function LookupPath({ path }: { readonly path: readonly string[] }) {
  if (path.length === 0) return <p class="hint">Nobody was asked: of all known peers you are the nearest.</p>;
  return (
    <ol class="path" aria-label="Path" data-testid="lookup-path">
      <li>You</li>
      {path.map((id, at) => (
        <li
          key={`${at} ${id}`}
          class={marked.value === id ? 'chosen' : ''}
          data-peer-id={id}
          title={shortText(id)}
          {...pointsAt(id)}
        >
          {nameOf(id)}
        </li>
      ))}
    </ol>
  );
}
