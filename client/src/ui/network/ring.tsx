import { useState } from 'preact/hooks';
import { contacts, links } from '../state/network.ts';
import { myName, node } from '../state/session.ts';
import { formatRtt, plural } from '../view/format.ts';
import { displayName, hueOf, initialsOf, shortText } from '../view/people.ts';
import { pathWord } from '../view/status-words.ts';
import { chord, layoutRing, RING_RADIUS, RING_SIZE, type RingDot, type RingPeer } from './ring-layout.ts';

/** Most peers drawn; more cannot be told apart. Links come first. */
const MAX_DOTS = 128;
const CENTRE = RING_SIZE / 2;

/** The ids of the network on a circle, with a chord for each link. The lists below say the same in words. */
export function Ring() {
  const [chosen, setChosen] = useState<string | undefined>();
  const dots = layoutRing(ringPeers());
  const self = dots.find(({ kind }) => kind === 'self');
  const step = (by: number): void => {
    const inOrder = dots.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const at = inOrder.findIndex(({ id }) => id === chosen);
    setChosen(inOrder.at((at + by) % inOrder.length)?.id);
  };
  return (
    <figure class="ring-figure">
      <svg
        class="ring"
        data-testid="ring"
        viewBox={`0 0 ${RING_SIZE} ${RING_SIZE}`}
        role="group"
        tabIndex={0}
        aria-label="Ring of peers. The arrow keys go from one to the next; the lists below hold the same."
        onKeyDown={(event) => {
          if (event.key === 'ArrowRight' || event.key === 'ArrowDown') step(1);
          else if (event.key === 'ArrowLeft' || event.key === 'ArrowUp') step(-1);
          else return;
          event.preventDefault();
        }}
        onBlur={() => setChosen(undefined)}
        onPointerLeave={() => setChosen(undefined)}
      >
        <circle class="orbit" cx={CENTRE} cy={CENTRE} r={RING_RADIUS} />
        {self &&
          dots
            .filter(({ kind }) => kind === 'direct' || kind === 'relayed')
            .map((dot) => (
              <path
                key={dot.id}
                class={`chord ${dot.kind}${dot.id === chosen ? ' chosen' : ''}`}
                d={chord(self, dot)}
              />
            ))}
        {dots.map((dot) => (
          <Dot key={`${dot.id} ${dot.kind === 'known'}`} dot={dot} isChosen={dot.id === chosen} choose={setChosen} />
        ))}
      </svg>
      <figcaption class="ring-caption" aria-live="off">
        {captionOf(dots.find(({ id }) => id === chosen))}
      </figcaption>
    </figure>
  );
}

interface DotProps {
  readonly dot: RingDot;
  readonly isChosen: boolean;
  readonly choose: (id: string) => void;
}

function Dot({ dot, isChosen, choose }: DotProps) {
  const { id, kind, x, y, radius } = dot;
  const name = nameOf(id);
  return (
    <g
      class={`dot ${kind}${isChosen ? ' chosen' : ''}`}
      transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}
      style={{ '--hue': String(hueOf(id)) }}
      onPointerEnter={() => choose(id)}
    >
      <circle class="pulse" r={radius} />
      <circle class="body" r={radius} />
      {kind !== 'known' && <text>{initialsOf(name)}</text>}
    </g>
  );
}

function ringPeers(): readonly RingPeer[] {
  const me = node.value;
  const linked = links.value.map((link): RingPeer => ({
    id: link.id,
    kind: link.path === 'direct' ? 'direct' : 'relayed',
  }));
  const seen = new Set([me?.id, ...linked.map(({ id }) => id)]);
  const known = contacts.value.filter(({ id }) => !seen.has(id)).map(({ id }): RingPeer => ({ id, kind: 'known' }));
  const own: readonly RingPeer[] = me ? [{ id: me.id, kind: 'self' }] : [];
  return [...own, ...linked, ...known].slice(0, MAX_DOTS);
}

function nameOf(id: string): string {
  if (id === node.value?.id) return myName.value;
  const peer = links.value.find((link) => link.id === id) ?? contacts.value.find((contact) => contact.id === id);
  return displayName({ id, name: peer?.name });
}

function captionOf(dot: RingDot | undefined) {
  if (!dot) return <span class="hint">{legend()}</span>;
  const link = links.value.find(({ id }) => id === dot.id);
  const how = dot.kind === 'self' ? 'you' : link ? pathWord(link.path) : 'known, not linked';
  const rtt = formatRtt((link ?? contacts.value.find(({ id }) => id === dot.id))?.rttMs);
  const facts = [shortText(dot.id), how, rtt].filter((fact) => fact !== '');
  return (
    <>
      <strong>{nameOf(dot.id)}</strong> {facts.join(' · ')}
    </>
  );
}

function legend(): string {
  const hollow = contacts.value.filter(({ linked }) => !linked).length;
  if (links.value.length === 0 && hollow === 0) return 'Each peer has a place on this ring, by its id. This is yours.';
  const known = hollow > 0 ? `; ${plural(hollow, 'hollow dot')}: known, not linked` : '';
  return `Lines are live links: solid direct, dashed relayed${known}`;
}
