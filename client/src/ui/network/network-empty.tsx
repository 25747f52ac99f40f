import { useRef } from 'preact/hooks';
import { addressForOthers } from '../state/place.ts';
import { isLate, isOffline, phase, status, wasLinked } from '../state/session.ts';
import { canOpenTab, openTab } from '../state/open-tab.ts';
import { type AloneFacts, type Step, aloneSentence, stepsOf } from '../view/alone-words.ts';
import { Button } from '../widgets/button.tsx';
import { CopyButton } from '../widgets/copy-button.tsx';
import { useFocusHeir } from '../widgets/focus-heir.ts';
import { ToneIcon } from '../widgets/tone-icon.tsx';

/** What a page without links shows: who is missing, how to get them, and how far the start has come. */
export function NetworkEmpty() {
  const place = useRef<HTMLDivElement>(null);
  useFocusHeir(place);
  const facts: AloneFacts = {
    phase: phase.value,
    status: status.value,
    isOffline: isOffline.value,
    isLate: isLate.value,
    wasLinked: wasLinked.value,
  };
  const steps = stepsOf(facts);
  return (
    <div ref={place} class="empty" data-testid="network-empty">
      <p>{aloneSentence(facts)}</p>
      <div class="button-row">
        {canOpenTab.value && <Button label="Open another tab" icon="external" look="accent" onClick={openTab} />}
        <CopyButton label="Copy link" text={addressForOthers} />
      </div>
      {steps.length > 0 && (
        <ol class="checklist" aria-label="How far the start has come">
          {steps.map(({ text, tone }, at) => (
            <li key={at} class={tone}>
              <ToneIcon tone={tone} />
              {text}
              <span class="sr-only">: {TONE_WORDS[tone]}</span>
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}

/** What the icon of a step says to those who do not see it. */
const TONE_WORDS = {
  good: 'done',
  waiting: 'under way',
  warning: 'in trouble',
  bad: 'failed',
} as const satisfies Record<Step['tone'], string>;
