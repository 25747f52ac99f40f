import { isLocalHost } from '../state/own-host.ts';
import { Dialog } from '../widgets/dialog.tsx';
import { LinkField } from '../widgets/link-field.tsx';
import { QrCode } from '../widgets/qr-code.tsx';

interface QrDialogProps {
  readonly name: string;
  readonly link: string;
  readonly onDismiss: () => void;
}

/** The link to a share as a QR code. */
export function QrDialog({ name, link, onDismiss }: QrDialogProps) {
  const isLocal = isLocalHost() && new URL(link).hostname === location.hostname;
  return (
    <Dialog title={name} testId="qr-dialog" onDismiss={onDismiss}>
      <div class="qr-only">
        <QrCode text={link} label={`QR code of the link to ${name}`} testId="share-qr" />
        <p>Whoever scans this starts the download at once. Keep this tab open meanwhile.</p>
        {isLocal && <p class="hint">This link works on this computer only, as the page was opened on localhost.</p>}
        <LinkField label={`Link to ${name}`} value={link} testId="qr-link" bare />
      </div>
    </Dialog>
  );
}
