import { computed, effect } from '@preact/signals';
import { ringing, stage } from './state/calls.ts';
import { downloads } from './state/transfers.ts';
import { titleSecond } from './state/ticker.ts';
import { percentOf } from './view/format.ts';
import { displayName } from './view/people.ts';

const NAME = 'Skein';

/** What the tab's title says: who calls, then the call, then how far downloads are. */
const title = computed(() => {
  const caller = ringing.value[0];
  // Blinks, for those who look elsewhere.
  if (caller) return titleSecond.value % 2 === 0 ? `${displayName(caller.peer)} is calling…` : `☎ ${NAME}`;
  const now = stage.value;
  if (now?.kind === 'placing') return `Calling ${now.person.name}… · ${NAME}`;
  if (now?.kind === 'call' && now.call.state !== 'ended') return `☎ ${displayName(now.call.peer)} · ${NAME}`;
  const percent = downloadPercent();
  return percent === undefined ? NAME : `${percent} % · ${NAME}`;
});

/** Keeps the tab's title up to date. */
export function startTitle(): void {
  effect(() => {
    document.title = title.value;
  });
}

function downloadPercent(): number | undefined {
  void titleSecond.value;
  const running = downloads.value.filter(({ state }) => state === 'downloading').map(({ progress }) => progress);
  if (running.length === 0) return undefined;
  const done = running.reduce((sum, { doneBytes }) => sum + doneBytes, 0);
  const total = running.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
  return percentOf(done, total, false);
}
