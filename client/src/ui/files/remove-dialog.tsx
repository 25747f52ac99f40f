import { useState } from 'preact/hooks';
import { formatBytes } from '../view/format.ts';
import { Button } from '../widgets/button.tsx';
import { Dialog } from '../widgets/dialog.tsx';

type Keeper = keyof typeof KEEPER_SENTENCES;

const KEEPER_SENTENCES = {
  tab: 'It leaves this list. Another tab downloads it and goes on: nothing is deleted.',
  share: 'It leaves this list. Your own files stay where they are and stay shared: nothing is deleted.',
} as const;

interface RemoveDialogProps {
  readonly name: string;
  /** What lies in the browser's storage, and can stay there. [bytes] */
  readonly storedBytes: number;
  /** What has it besides this row, so that nothing is deleted with it. */
  readonly keeper: Keeper | undefined;
  readonly onRemove: (keepData: boolean) => void;
  readonly onDismiss: () => void;
}

/** Asks before what was downloaded is deleted: it may be the last copy. */
export function RemoveDialog({ name, storedBytes, keeper, onRemove, onDismiss }: RemoveDialogProps) {
  const [wantsData, setWantsData] = useState(false);
  const keepsData = wantsData || keeper !== undefined;
  return (
    <Dialog title={`Remove “${name}”?`} testId="remove-dialog" onDismiss={onDismiss}>
      <p>
        {keeper
          ? KEEPER_SENTENCES[keeper]
          : keepsData
            ? 'It leaves this list, and others can no longer get it from here. Opening its link again goes on from what is stored.'
            : 'What is stored in this browser is deleted, and others can no longer get it from here. Files you saved stay.'}
      </p>
      {storedBytes > 0 && !keeper && (
        <label class="check">
          <input
            type="checkbox"
            data-testid="remove-keep"
            checked={keepsData}
            onChange={(event) => setWantsData(event.currentTarget.checked)}
          />
          Keep the {formatBytes(storedBytes)} that are stored here
        </label>
      )}
      <div class="button-row end">
        <Button label="Cancel" testId="remove-cancel" onClick={onDismiss} />
        <Button
          label={keepsData ? 'Remove from the list' : 'Remove and delete'}
          icon="trash"
          look="danger"
          testId="remove-confirm"
          onClick={() => onRemove(keepsData)}
        />
      </div>
    </Dialog>
  );
}
