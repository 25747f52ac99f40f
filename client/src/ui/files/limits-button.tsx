import { useState } from 'preact/hooks';
import { limits, setLimits } from '../state/limits.ts';
import { limitsText } from '../view/limits.ts';
import { Button } from '../widgets/button.tsx';
import { Dialog } from '../widgets/dialog.tsx';
import { LimitFields } from './limit-fields.tsx';

/** Opens the limits of everything together, and says which hold. */
export function LimitsButton() {
  const [isOpen, setOpen] = useState(false);
  const text = limitsText(limits.value);
  const dismiss = (): void => setOpen(false);
  return (
    <>
      <Button
        label={text === '' ? 'Speed limits' : `Limited to ${text}`}
        look="quiet"
        testId="limits-button"
        onClick={() => setOpen(true)}
      />
      {isOpen && (
        <Dialog title="Speed limits" testId="limits-dialog" onDismiss={dismiss}>
          <LimitFields legend="All shares and downloads together" limits={limits.value} onChange={setLimits} />
          <p class="hint">
            They hold for this tab and are kept for the next visit. An opened row has limits of its own.
          </p>
          <div class="button-row end">
            <Button label="Done" look="accent" testId="limits-done" onClick={dismiss} />
          </div>
        </Dialog>
      )}
    </>
  );
}
