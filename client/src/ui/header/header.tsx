import { useState } from 'preact/hooks';
import { later } from '../state/later.ts';
import { Button } from '../widgets/button.tsx';
import { Me } from './me.tsx';
import { StatusLine } from './status-line.tsx';
import { ThemeButton } from './theme-button.tsx';
import { Totals } from './totals.tsx';

export function Header() {
  const [isInviting, setInviting] = useState(false);
  const InviteDialog = later.value?.InviteDialog;
  return (
    <header class="top">
      <div class="brand">
        <img src="./favicon.svg" alt="" width="28" height="28" />
        <h1>Skein</h1>
      </div>
      <StatusLine />
      <Totals />
      <Me />
      <div class="top-actions">
        <Button label="Invite" icon="invite" look="accent" testId="invite-button" onClick={() => setInviting(true)} />
        <ThemeButton />
      </div>
      {InviteDialog && isInviting && <InviteDialog onDismiss={() => setInviting(false)} />}
    </header>
  );
}
