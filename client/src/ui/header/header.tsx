import { useState } from 'preact/hooks';
import { later } from '../state/later.ts';
import { Button } from '../widgets/button.tsx';
import { StatusLine } from './status-line.tsx';
import { ThemeButton } from './theme-button.tsx';

export function Header() {
  const [isInviting, setInviting] = useState(false);
  const parts = later.value;
  return (
    <header class="top">
      <div class="brand">
        <img src="./favicon.svg" alt="" width="28" height="28" />
        <h1>Skein</h1>
      </div>
      <StatusLine />
      {parts ? <parts.Totals /> : <div class="totals" />}
      {parts ? <parts.Me /> : <div class="me" />}
      {/* Whoever goes on to something else while the dialog is on its way no longer waits for it. */}
      <div class="top-actions" onFocusOut={() => parts || setInviting(false)}>
        <Button
          label={isInviting && !parts ? 'One moment…' : 'Invite'}
          icon="invite"
          look="accent"
          testId="invite-button"
          onClick={() => setInviting(true)}
        />
        <ThemeButton />
      </div>
      {parts && isInviting && <parts.InviteDialog onDismiss={() => setInviting(false)} />}
    </header>
  );
}
