import { status, statusText, tone } from '../state/session.ts';
import { ToneIcon } from '../widgets/tone-icon.tsx';

/** The state of the network in words, and the server's for tests and style. */
export function StatusLine() {
  return (
    <div class={`status ${tone.value}`} data-testid="server-state" data-state={status.value?.server ?? 'connecting'}>
      <ToneIcon tone={tone.value} />
      <span data-testid="status">{statusText.value}</span>
    </div>
  );
}
