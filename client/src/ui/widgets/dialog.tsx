import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { Button } from './button.tsx';

interface DialogProps {
  readonly title: string;
  readonly testId: string;
  /** Escape, a click beside the dialog, or its close button. */
  readonly onDismiss: () => void;
  /**
   * Without it there is no close button: one of the dialog's own buttons must be taken. It comes unasked, and none of them has the
   * focus: whoever is typing must not press one.
   */
  readonly closable?: boolean;
  readonly children: ComponentChildren;
}

/** A modal dialog, open as long as it is rendered. The browser traps the focus and gives it back. */
export function Dialog({ title, testId, onDismiss, closable = true, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  /** Where the pointer went down: a text that is selected up to beside the dialog is no click there. */
  const pressed = useRef<EventTarget | null>(null);
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    if (!closable) dialog?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      class="dialog"
      tabIndex={-1}
      data-testid={testId}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onDismiss();
      }}
      onPointerDown={(event) => void (pressed.current = event.target)}
      onClick={(event) => {
        if (closable && event.target === ref.current && pressed.current === ref.current) onDismiss();
      }}
    >
      <div class="dialog-card">
        <div class="dialog-head">
          <h2 id={titleId}>{title}</h2>
          {closable && <Button label="Close" icon="close" iconOnly look="quiet" onClick={onDismiss} />}
        </div>
        {children}
      </div>
    </dialog>
  );
}
