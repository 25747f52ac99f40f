/** Parts of the page that it neither needs to show itself nor to join: see `state/later.ts`. */

export { CallPanel } from './calling/call-panel.tsx';
export { CallsPanel } from './calling/calls-panel.tsx';
export { IncomingDialog } from './calling/incoming-dialog.tsx';
export { MediaProblemDialog } from './calling/media-problem.tsx';
export { prepareSound } from './calling/ringtone.ts';
export { DropOverlay } from './files/drop-overlay.tsx';
export { FilesPanel } from './files/files-panel.tsx';
export { InviteDialog } from './header/invite-dialog.tsx';
export { Me } from './header/me.tsx';
export { Totals } from './header/totals.tsx';
export { NetworkPanel } from './network/network-panel.tsx';
export { Notices } from './notices/notices.tsx';
export { TabBar } from './tab-bar.tsx';
export { startWatching } from './watching.ts';
export { addLaterIcons } from './widgets/later-icons.ts';
