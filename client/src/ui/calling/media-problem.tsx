import { mediaProblem, type MediaProblem } from '../state/calls.ts';
import { Button } from '../widgets/button.tsx';
import { Dialog } from '../widgets/dialog.tsx';

/** Camera or microphone could not be used: says why, and offers to call or answer with what there is. */
export function MediaProblemDialog() {
  const problem = mediaProblem.value;
  if (!problem) return null;
  const cancel = (): void => void (mediaProblem.value = undefined);
  return (
    <Dialog title={titleOf(problem)} testId="media-problem" onDismiss={cancel}>
      <p data-testid="media-problem-text">{problem.message}</p>
      {problem.code === 'media-denied' && (
        <p class="hint">To allow it later, use the camera or lock sign beside the page's address, then call again.</p>
      )}
      <div class="button-column">
        <Button
          label={problem.asked.video ? 'Go on with sound only' : 'Try the microphone again'}
          icon="mic"
          look="accent"
          testId="media-try-audio"
          onClick={() => problem.retry({ audio: true, video: false })}
        />
        <Button
          label="Go on without, only see and hear"
          icon="play"
          testId="media-try-none"
          onClick={() => problem.retry({ audio: false, video: false })}
        />
        <Button label="Cancel" look="quiet" testId="media-cancel" onClick={cancel} />
      </div>
    </Dialog>
  );
}

function titleOf({ asked, code }: MediaProblem): string {
  const what = asked.video ? 'Camera or microphone' : 'Microphone';
  if (code === 'media-denied') return `${what} not allowed`;
  return code === 'media-missing' ? `${what} not found` : `${what} cannot be used`;
}
