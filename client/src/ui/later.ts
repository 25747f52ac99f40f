/** Parts of the page that it neither needs to show itself nor to join: see `state/later.ts`. */
import './styles/later.css';

export { CallPanel } from './calling/call-panel.tsx';
export { CallsPanel } from './calling/calls-panel.tsx';
export { IncomingDialog } from './calling/incoming-dialog.tsx';
export { MediaProblemDialog } from './calling/media-problem.tsx';
export { DownloadRow } from './files/download-row.tsx';
export { DropOverlay } from './files/drop-overlay.tsx';
export { ShareRow } from './files/share-row.tsx';
export { InviteDialog } from './header/invite-dialog.tsx';
export { ContactList, LinkList } from './network/lists.tsx';
export { NetworkEmpty } from './network/network-empty.tsx';
export { Notices } from './notices/notices.tsx';
