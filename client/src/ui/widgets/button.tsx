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
}

/** A button with an icon, words, or both. */
export function Button({ label, onClick, testId, icon, iconOnly, look = 'plain', disabled, pressed }: ButtonProps) {
  return (
    <button
      type="button"
      class={`button ${look}${iconOnly ? ' icon-only' : ''}`}
      data-testid={testId}
      disabled={disabled}
      aria-pressed={pressed}
      aria-label={iconOnly ? label : undefined}
      title={iconOnly ? label : undefined}
      onClick={onClick}
    >
      {icon && <Icon name={icon} />}
      {!iconOnly && <span>{label}</span>}
    </button>
  );
}
