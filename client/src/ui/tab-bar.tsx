import { focusPlace } from './widgets/focus-heir.ts';
import { Icon, type IconName } from './widgets/icon.tsx';

/** Jumps between the parts of the page; phones only. Buttons, because the address after `#` belongs to shared links. */
export function TabBar() {
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
    <button type="button" onClick={() => goTo(target)}>
      <Icon name={icon} />
      {label}
    </button>
  );
}

/** Brings a part of the page into view, and the focus with it: who hears the page would not notice otherwise. */
function goTo(id: string): void {
  const part = document.getElementById(id);
  if (!part) return;
  focusPlace(part);
  part.scrollIntoView({ behavior: 'smooth' });
}
