import { ownTrace, passing } from '../state/lookups.ts';
import { nameOf } from '../state/names.ts';
import { contacts, links } from '../state/network.ts';
import { marked, picked, pointed, togglePicked } from '../state/peer-focus.ts';
import { useStill } from '../state/still.ts';
import { plural } from '../view/plural.ts';
import { hueOf, initialsOf, shortText } from '../view/people.ts';
import { stepRound } from '../widgets/roving.ts';
import { PeerFacts } from './peer-facts.tsx';
import { chord, RING_RADIUS, RING_SIZE, type RingDot } from './ring-layout.ts';
import { RingLookup } from './ring-lookup.tsx';
import { dots } from './ring-peers.ts';

const CENTRE = RING_SIZE / 2;

/** What is said of a dot beside its name. */
const KIND_WORDS: Readonly<Record<RingDot['kind'], string>> = {
  self: 'you',
  direct: 'linked',
  relayed: 'linked over a relay',
  virtual: 'virtual link',
  known: 'known, not linked',
  passed: 'passed by a lookup',
};

/** The ids of the network on a circle, with a chord for each link. The lists below say the same in words. */
export function Ring() {
  const all = dots.value;
  const chosen = marked.value;
  const self = all.find(({ kind }) => kind === 'self');
  return (
    <figure class="ring-figure">
      <svg
        class="ring"
        data-testid="ring"
        viewBox={`0 0 ${RING_SIZE} ${RING_SIZE}`}
        role="listbox"
        tabIndex={0}
        aria-activedescendant={all.some(({ id }) => id === chosen) ? `dot-${chosen}` : undefined}
        aria-label="Ring of peers. The arrow keys go from one to the next; the lists below hold the same."
        onKeyDown={onKey}
        onBlur={() => (pointed.value = undefined)}
        onPointerLeave={() => (pointed.value = undefined)}
      >
        <circle class="orbit" cx={CENTRE} cy={CENTRE} r={RING_RADIUS} />
        {self &&
          all
            .filter(({ kind }) => kind === 'direct' || kind === 'relayed')
            .map((dot) => (
              <path
                key={dot.id}
                class={`chord ${dot.kind}${dot.id === chosen ? ' chosen' : ''}`}
                d={chord(self, dot)}
              />
            ))}
        {passing.value.map((trace) => (
          <RingLookup key={trace.id} trace={trace} isPassing />
        ))}
        {ownTrace.value && <RingLookup key={ownTrace.value.id} trace={ownTrace.value} isPassing={false} />}
        {all.map((dot) => (
          <Dot key={`${dot.id} ${dot.kind}`} dot={dot} isChosen={dot.id === chosen} />
        ))}
      </svg>
      <figcaption class="ring-caption" aria-live="off">
        {chosen === undefined ? <span class="hint">{legend()}</span> : <PeerFacts id={chosen} />}
      </figcaption>
    </figure>
  );
}

function Dot({ dot, isChosen }: { readonly dot: RingDot; readonly isChosen: boolean }) {
  const { id, kind, x, y, radius } = dot;
  return (
    <g
      class={`dot ${kind}${isChosen ? ' chosen' : ''}`}
      data-peer-id={id}
      transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}
      style={{ '--hue': String(hueOf(id)) }}
      onPointerMove={() => (pointed.value = id)}
      onClick={() => togglePicked(id)}
    >
      <Pulse radius={radius} />
      <circle
        class="body"
        id={`dot-${id}`}
        role="option"
        aria-label={`${nameOf(id)}, ${KIND_WORDS[kind]}`}
        aria-selected={picked.value === id}
        r={radius}
      />
      {radius > 10 && <text aria-hidden="true">{initialsOf(nameOf(id))}</text>}
    </g>
  );
}

/** Draws attention to a peer that is new. */
function Pulse({ radius }: { readonly radius: number }) {
  return useStill() ? null : <circle class="pulse" r={radius} />;
}

function onKey(event: KeyboardEvent): void {
  if (event.key === 'ArrowRight' || event.key === 'ArrowDown') step(1);
  else if (event.key === 'ArrowLeft' || event.key === 'ArrowUp') step(-1);
  else if (event.key === 'Enter' && pointed.value !== undefined) togglePicked(pointed.value);
  else if (event.key === 'Escape') picked.value = pointed.value = undefined;
  else return;
  event.preventDefault();
}

/** Goes round the ring by places, as they are seen. */
function step(by: 1 | -1): void {
  const inOrder = dots.value.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const at = inOrder.findIndex(({ id }) => id === marked.value);
  pointed.value = inOrder[stepRound(at, by, inOrder.length)]?.id;
}

function legend(): string {
  const trace = ownTrace.value ?? passing.value.at(-1);
  if (trace)
    return `Arrow: key ${shortText(trace.key)}${trace.closest.length > 0 ? ' · circled: the nearest peers' : ''}`;
  const hollow = contacts.value.filter(({ linked, virtual }) => !linked && !virtual).length;
  if (links.value.length === 0 && hollow === 0) return 'Each peer has a place on this ring, by its id. This is yours.';
  const known = hollow > 0 ? `; ${plural(hollow, 'hollow dot')}: known, not linked` : '';
  return `Lines are live links: solid direct, dashed relayed${known}`;
}
