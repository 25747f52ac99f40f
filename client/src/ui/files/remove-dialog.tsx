import { Button } from '../widgets/button.tsx';
import { Dialog } from '../widgets/dialog.tsx';

interface RemoveDialogProps {
  readonly name: string;
  readonly onRemove: () => void;
  readonly onDismiss: () => void;
}

/** Asks before what was downloaded is deleted: it may be the last copy. */
export function RemoveDialog({ name, onRemove, onDismiss }: RemoveDialogProps) {
  return (
    <Dialog title={`Remove “${name}”?`} testId="remove-dialog" onDismiss={onDismiss}>
      <p>What is stored in this browser is deleted, and others can no longer get it from here. Files you saved stay.</p>
      <div class="button-row end">
        <Button label="Keep it" testId="remove-cancel" onClick={onDismiss} />
        <Button label="Remove" icon="trash" look="danger" testId="remove-confirm" onClick={onRemove} />
      </div>
    </Dialog>
  );
}
