import { useEffect } from 'preact/hooks';
import { canOpenTab, openTab } from '../state/open-tab.ts';
import { isLocalHost } from '../state/own-host.ts';
import { addressForOthers, lanUrls, loadLanUrls, pageUrl } from '../state/place.ts';
import { node } from '../state/session.ts';
import { callLink } from '../view/hash-link.ts';
import { Button } from '../widgets/button.tsx';
import { Dialog } from '../widgets/dialog.tsx';
import { LinkField } from '../widgets/link-field.tsx';
import { QrCode } from '../widgets/qr-code.tsx';

/** How others come in: the page's link, its QR code, another tab here; and a link on which others can call me. */
export function InviteDialog({ onDismiss }: { readonly onDismiss: () => void }) {
  useEffect(() => void loadLanUrls(), []);
  const others = addressForOthers();
  const hasLan = lanUrls.value.length > 0;
  const me = node.value;
  return (
    <Dialog title="Invite someone" testId="invite-dialog" onDismiss={onDismiss}>
      <div class="invite">
        <QrCode text={others} label={`QR code of ${others}`} testId="invite-qr" />
        <div class="invite-links">
          <p>
            {canOpenTab.value
              ? 'Whoever opens this link joins the network.'
              : 'The server cannot be reached from here now. Whoever opens this link once it can joins the network.'}
          </p>
          <LinkField label={hasLan ? 'On this computer' : 'Link'} value={pageUrl()} testId="invite-link" />
          {hasLan && <LinkField label="On other devices in your network" value={others} testId="invite-lan-link" />}
          {isLocalHost() && (
            <p class="hint">
              {hasLan
                ? 'Over this plain http address other devices can share files. Calls and kept files need https there.'
                : 'This link works on this computer only. Other devices need the address of this computer in your network.'}
            </p>
          )}
          {me && <LinkField label="To call you" value={callLink(others, me.address)} testId="invite-call-link" />}
          {canOpenTab.value && <Button label="Open another tab" icon="external" testId="open-tab" onClick={openTab} />}
        </div>
      </div>
    </Dialog>
  );
}
