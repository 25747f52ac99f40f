import { useState } from 'preact/hooks';
import { Button } from './button.tsx';

/** The button says "Copied" for this long. [ms] */
const SAID_MS = 1500;

interface CopyButtonProps {
  readonly text: () => string;
  readonly label: string;
  readonly testId?: string;
  readonly iconOnly?: boolean;
  readonly look?: 'plain' | 'accent' | 'quiet';
}

/** Copies a text and says so on itself. */
export function CopyButton({ text, label, testId, iconOnly = false, look = 'plain' }: CopyButtonProps) {
  const [said, setSaid] = useState<string | undefined>();
  const copy = async (): Promise<void> => {
    setSaid((await copyText(text())) ? 'Copied' : 'Not copied');
    setTimeout(() => setSaid(undefined), SAID_MS);
  };
  return (
    <Button
      label={said ?? label}
      icon={said === 'Copied' ? 'check' : 'copy'}
      iconOnly={iconOnly}
      look={look}
      onClick={() => void copy()}
      {...(testId !== undefined && { testId })}
    />
  );
}

/** Puts a text on the clipboard; false when the browser refused. Plain http has only the old way. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const before = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'offscreen';
  // Inside an open dialog only its own content can be selected.
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}
