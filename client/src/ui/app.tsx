import { FilesPanel } from './files/files-panel.tsx';
import { Header } from './header/header.tsx';
import { NetworkPanel } from './network/network-panel.tsx';
import { later } from './state/later.ts';
import { Icon, type IconName } from './widgets/icon.tsx';

/** The whole page. */
export function App({ wantsMemory }: { readonly wantsMemory: boolean }) {
  const parts = later.value;
  return (
    <>
      <Header />
      <main>
        {parts && <parts.Notices wantsMemory={wantsMemory} />}
        {parts && <parts.CallPanel />}
        <div class="columns">
          <NetworkPanel />
          <div class="column">
            <FilesPanel />
            {parts && <parts.CallsPanel />}
          </div>
        </div>
      </main>
      <TabBar />
      {parts && <parts.DropOverlay />}
      {parts && <parts.IncomingDialog />}
      {parts && <parts.MediaProblemDialog />}
    </>
  );
}

/** Jumps between the parts of the page; phones only. Buttons, because the address after `#` belongs to shared links. */
function TabBar() {
  return (
    <nav class="tab-bar" aria-label="Parts of the page">
      <Tab target="network" icon="link" label="Network" />
      <Tab target="files" icon="file" label="Files" />
      <Tab target="calls" icon="phone" label="Calls" />
    </nav>
  );
}

function Tab({ target, icon, label }: { readonly target: string; readonly icon: IconName; readonly label: string }) {
  return (
    <button type="button" onClick={() => document.getElementById(target)?.scrollIntoView({ behavior: 'smooth' })}>
      <Icon name={icon} />
      {label}
    </button>
  );
}
