import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { CopyButton } from './copy-button.tsx';
import { SendButton } from './send-button.tsx';

interface LinkFieldProps {
  readonly label: string;
  readonly value: string;
  readonly testId: string;
  readonly copyTestId?: string;
  /** Hides the label from the eye where the place says it. */
  readonly bare?: boolean;
  /** Further buttons behind those that copy and send. */
  readonly children?: ComponentChildren;
}

/** A link that can be read, selected, copied and sent. */
export function LinkField({ label, value, testId, copyTestId, bare = false, children }: LinkFieldProps) {
  const id = useId();
  return (
    <div class="link-field">
      <label class={bare ? 'sr-only' : ''} for={id}>
        {label}
      </label>
      <div class="field-row">
        <input id={id} data-testid={testId} readOnly value={value} onFocus={(event) => event.currentTarget.select()} />
        <CopyButton
          text={() => value}
          label={`Copy: ${label}`}
          iconOnly
          {...(copyTestId !== undefined && { testId: copyTestId })}
        />
        <SendButton link={value} label={label} />
        {children}
      </div>
    </div>
  );
}
