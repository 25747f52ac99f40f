import { hueOf, initialsOf } from '../view/people.ts';

/** A round picture of a peer: its initials on its colour. The name stands beside it. */
export function Avatar({
  id,
  name,
  big = false,
}: {
  readonly id: string;
  readonly name: string;
  readonly big?: boolean;
}) {
  return (
    <span class={big ? 'avatar big' : 'avatar'} style={{ '--hue': String(hueOf(id)) }} aria-hidden="true">
      {initialsOf(name)}
    </span>
  );
}
