import type { LookupResult } from '../../index.ts';
import { links } from '../state/network.ts';
import { type BoxState, box, cancelLookup, closeLookup, lookUp, ownTrace } from '../state/lookups.ts';
import { openTab } from '../state/open-tab.ts';
import { plural } from '../view/plural.ts';
import { keyFromText, lookupFigures, type LookupProblem, lookupProblem } from '../view/lookup-words.ts';
import { shortText } from '../view/people.ts';
import { Button } from '../widgets/button.tsx';
import { Icon } from '../widgets/icon.tsx';
import { ClosestPeers } from './closest-peers.tsx';
import { LookupPath } from './lookup-path.tsx';

/** What came of the lookup of the box, or how it goes. */
export function LookupOutcome() {
  const now = box.value;
  // A quick answer takes the place of the last one at once; only a slow one is waited for in sight.
  const shown: BoxState = now.kind === 'running' && !now.isSlow ? now.before : now;
  switch (shown.kind) {
    case 'idle':
      return null;
    case 'running':
      return <Running text={shown.text} />;
    case 'found':
      return <FoundPeers text={shown.text} result={shown.result} />;
    case 'failed':
      return <Failed {...shown} />;
    case 'cancelled':
      return (
        <p class="hint" role="status" data-testid="lookup-cancelled">
          Cancelled: {quoted(shown.text)} was not looked up to the end.
        </p>
      );
  }
}

function Running({ text }: { readonly text: string }) {
  const answers = ownTrace.value?.paths.length ?? 0;
  return (
    <div class="lookup-running" data-testid="lookup-running">
      <span class="spinner" />
      <p role="status">
        Asking the way to {quoted(text)}
        {answers > 0 && `, ${plural(answers, 'answer')} so far`}
      </p>
      <Button label="Cancel" icon="close" look="quiet" testId="lookup-cancel" onClick={cancelLookup} />
    </div>
  );
}

function FoundPeers({ text, result }: { readonly text: string; readonly result: LookupResult }) {
  const { closest, key, path } = result;
  return (
    <div class="lookup-found" data-testid="lookup-found" data-key={key}>
      <div class="lookup-head">
        <p role="status">
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
          onClick={closeLookup}
        />
      </div>
      <LookupPath path={path} />
      <ClosestPeers target={key} closest={closest} />
    </div>
  );
}

function Failed({ text, mode, code, message }: Extract<BoxState, { kind: 'failed' }>) {
  const problem = lookupProblem(code, message, links.value.length);
  return (
    <div class="problem bad" role="alert" data-testid="lookup-failed" data-code={code}>
      <Icon name="alert" />
      <div>
        <strong>{problem.title}</strong>
        <p>{problem.text}</p>
      </div>
      <NextStep action={problem.action} retry={() => void lookUp(text, mode)} />
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
