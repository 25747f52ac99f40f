import type { LookupResult } from '../../index.ts';
import { links } from '../state/network.ts';
import { type BoxState, box, cancelLookup, closeLookup, lookUp, ownTrace } from '../state/lookups.ts';
import { canOpenTab, openTab } from '../state/open-tab.ts';
import { plural } from '../view/plural.ts';
import { keyFromText, lookupFigures, type LookupProblem, lookupProblem } from '../view/lookup-words.ts';
import { shortText } from '../view/people.ts';
import { Button } from '../widgets/button.tsx';
import { Icon } from '../widgets/icon.tsx';
import { ClosestPeers } from './closest-peers.tsx';
import { LookupPath } from './lookup-path.tsx';

interface OutcomeProps {
  /** Takes the focus when a button is pressed that goes away with it. */
  readonly refocus: () => void;
}

/** What came of the lookup of the box, or how it goes. */
export function LookupOutcome({ refocus }: OutcomeProps) {
  const now = box.value;
  // A quick answer takes the place of the last one at once; only a slow one is waited for in sight.
  const shown: BoxState = now.kind === 'running' && !now.isSlow ? now.before : now;
  return (
    <>
      {/* There from the start: screen readers say what changes, not what comes together with its text. */}
      <p class="sr-only" role="status" data-testid="lookup-status">
        {wordsOf(shown)}
      </p>
      <Shown shown={shown} refocus={refocus} />
    </>
  );
}

function Shown({ shown, refocus }: OutcomeProps & { readonly shown: BoxState }) {
  switch (shown.kind) {
    case 'idle':
      return null;
    case 'running':
      return <Running shown={shown} refocus={refocus} />;
    case 'found':
      return <FoundPeers text={shown.text} result={shown.result} refocus={refocus} />;
    case 'failed':
      return <Failed {...shown} refocus={refocus} />;
    case 'cancelled':
      return (
        <p class="hint" data-testid="lookup-cancelled">
          {wordsOf(shown)}
        </p>
      );
  }
}

/** What is said of the lookup; a failure says itself. */
function wordsOf(shown: BoxState): string {
  switch (shown.kind) {
    case 'idle':
    case 'failed':
      return '';
    case 'running': {
      const answers = ownTrace.value?.paths.length ?? 0;
      return `Asking the way to ${quoted(shown.text)}${answers > 0 ? `, ${plural(answers, 'answer')} so far` : ''}`;
    }
    case 'found':
      return `${lookupFigures(shown.result)} to ${quoted(shown.text)}`;
    case 'cancelled':
      return `Cancelled: ${quoted(shown.text)} was not looked up to the end.`;
  }
}

function Running({ shown, refocus }: OutcomeProps & { readonly shown: BoxState }) {
  const cancel = (): void => {
    refocus();
    cancelLookup();
  };
  return (
    <div class="lookup-running" data-testid="lookup-running">
      <span class="spinner" />
      <p>{wordsOf(shown)}</p>
      <Button label="Cancel" icon="close" look="quiet" testId="lookup-cancel" onClick={cancel} />
    </div>
  );
}

function FoundPeers({
  text,
  result,
  refocus,
}: OutcomeProps & { readonly text: string; readonly result: LookupResult }) {
  const { closest, key, path } = result;
  return (
    <div class="lookup-found" data-testid="lookup-found" data-key={key}>
      <div class="lookup-head">
        <p>
          <strong data-testid="lookup-figures">{lookupFigures(result)}</strong>{' '}
          <span class="hint">
            {keyFromText(text) === key ? 'to key ' : `to ${quoted(text)}, key `}
            <span class="id">{shortText(key)}</span>
          </span>
        </p>
        <Button
          label="Close the result"
          icon="close"
          iconOnly
          look="quiet"
          testId="lookup-close"
          onClick={() => {
            refocus();
            closeLookup();
          }}
        />
      </div>
      <LookupPath path={path} />
      <ClosestPeers target={key} closest={closest} />
    </div>
  );
}

function Failed({ text, mode, code, message, refocus }: OutcomeProps & Extract<BoxState, { kind: 'failed' }>) {
  const problem = lookupProblem(code, message, links.value.length, canOpenTab.value);
  const retry = (): void => {
    refocus();
    void lookUp(text, mode);
  };
  return (
    <div class="problem bad" role="alert" data-testid="lookup-failed" data-code={code}>
      <Icon name="alert" />
      <div>
        <strong>{problem.title}</strong>
        <p>{problem.text}</p>
      </div>
      <NextStep action={problem.action} retry={retry} />
    </div>
  );
}

function NextStep({ action, retry }: { readonly action: LookupProblem['action']; readonly retry: () => void }) {
  switch (action) {
    case 'retry':
      return <Button label="Try again" testId="lookup-retry" onClick={retry} />;
    case 'open-tab':
      return <Button label="Open another tab" icon="external" testId="lookup-open-tab" onClick={openTab} />;
    case 'reload':
      return <Button label="Reload" testId="lookup-reload" onClick={() => location.reload()} />;
  }
}

/** A text as it was typed, shortened where it is long; a key by its start. */
function quoted(text: string): string {
  const key = keyFromText(text);
  if (key !== text || /^[0-9a-f]{40}$/.test(key)) return shortText(key);
  return `“${text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text}”`;
}

/** Longest text that is repeated in full. [UTF-16 units] */
const MAX_QUOTED = 24;
