import { Button } from './button.tsx';

interface SendButtonProps {
  readonly link: string;
  /** What the link leads to. */
  readonly label: string;
}

/**
 * Hands a link to the device's own ways to send things: its messages, its mail. Only where the browser has that, as on phones, and
 * takes such a link: some take none but those of pages.
 */
export function SendButton({ link, label }: SendButtonProps) {
  if (!('canShare' in navigator && navigator.canShare({ url: link }))) return null;
  return (
    <Button label={`Send: ${label}`} icon="share" iconOnly testId="send-link" onClick={() => void send(link, label)} />
  );
}

/** Whoever thinks better of it has done nothing wrong, and where the device refuses, the link can still be copied. */
async function send(url: string, title: string): Promise<void> {
  await navigator.share({ url, title }).catch(() => undefined);
}
