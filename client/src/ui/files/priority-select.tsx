import type { FilePriority } from '../../index.ts';

const WORDS: readonly (readonly [FilePriority, string])[] = [
  ['high', 'first'],
  ['normal', 'normal'],
  ['low', 'last'],
  ['skip', 'skip'],
];

interface PrioritySelectProps {
  readonly label: string;
  readonly testId: string;
  /** Undefined when files differ. */
  readonly priority: FilePriority | undefined;
  readonly isLabelShown?: boolean;
  readonly onChange: (priority: FilePriority) => void;
}

/** How much something is wanted. */
export function PrioritySelect({ label, testId, priority, isLabelShown = false, onChange }: PrioritySelectProps) {
  return (
    <label class="priority">
      <span class={isLabelShown ? '' : 'sr-only'}>{label}</span>
      <select
        data-testid={testId}
        value={priority ?? ''}
        onChange={(event) => {
          const chosen = WORDS.find(([value]) => value === event.currentTarget.value);
          if (chosen) onChange(chosen[0]);
        }}
      >
        {priority === undefined && <option value="">mixed</option>}
        {WORDS.map(([value, word]) => (
          <option key={value} value={value}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}
