import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';

interface ButtonProps {
  readonly label: string;
  readonly onClick: () => void;
  readonly testId?: string;
  readonly icon?: IconName;
  /** Shows the icon alone; the label is read out and shown as a tip. */
  readonly iconOnly?: boolean;
  readonly look?: 'plain' | 'accent' | 'danger' | 'good' | 'quiet';
  readonly disabled?: boolean;
  /** For switches: whether it is on. */
  readonly pressed?: boolean;
  readonly autoFocus?: boolean;
  readonly children?: ComponentChildren;
}

/** A button with an icon, words, or both. */
export function Button(props: ButtonProps) {
  const { label, onClick, testId, icon, iconOnly = false, look = 'plain', disabled = false, pressed } = props;
  return (
    <button
      type="button"
      class={`button ${look}${iconOnly ? ' icon-only' : ''}`}
      data-testid={testId}
      disabled={disabled}
      aria-pressed={pressed}
      aria-label={iconOnly ? label : undefined}
      title={iconOnly ? label : undefined}
      autoFocus={props.autoFocus ?? false}
      onClick={onClick}
    >
      {icon && <Icon name={icon} />}
      {!iconOnly && <span>{label}</span>}
      {props.children}
    </button>
  );
}
