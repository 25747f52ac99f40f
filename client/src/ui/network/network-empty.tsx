import { addressForOthers } from '../state/place.ts';
import { isLate, isOffline, node, phase, status, wasLinked } from '../state/session.ts';
import { openTab } from '../state/open-tab.ts';
import { Button } from '../widgets/button.tsx';
import { CopyButton } from '../widgets/copy-button.tsx';
import { ToneIcon, type Tone } from '../widgets/tone-icon.tsx';

/** What a page without links shows: who is missing, how to get them, and how far the start has come. */
export function NetworkEmpty() {
  return (
    <div class="empty" data-testid="network-empty">
      <p>{headline()}</p>
      <div class="button-row">
        <Button label="Open another tab" icon="external" look="accent" onClick={openTab} />
        <CopyButton label="Copy link" text={addressForOthers} />
      </div>
      <Checklist />
    </div>
  );
}

function headline(): string {
  if (phase.value === 'failed') return 'There is no network here yet.';
  if (isOffline.value) return 'Nobody can be reached until this device is in a network again.';
  if (status.value && status.value.server !== 'connected' && !wasLinked.value) {
    return 'Nobody is here yet: the server is needed to find the first one.';
  }
  if (wasLinked.value) return 'Everyone else has left. Open this page in another tab or on another device.';
  return "You're the first one here. Open this page in another tab or on another device.";
}

function Checklist() {
  const now = status.value;
  const server: Tone = now?.server === 'connected' ? 'good' : now?.server === 'lost' ? 'bad' : 'waiting';
  return (
    <ol class="checklist" aria-label="How far the start has come">
      <Step tone={node.value ? 'good' : phase.value === 'failed' ? 'bad' : 'waiting'} text="Identity of this tab" />
      <Step tone={server} text={server === 'bad' ? 'Server not reached' : 'Server'} />
      <Step tone={now?.linkProblem && isLate.value ? 'warning' : 'waiting'} text="First link to a peer" />
      <Step tone={now?.joined === true ? 'good' : 'waiting'} text="Joined the network" />
    </ol>
  );
}

function Step({ tone, text }: { readonly tone: Tone; readonly text: string }) {
  return (
    <li class={tone}>
      <ToneIcon tone={tone} />
      {text}
    </li>
  );
}
