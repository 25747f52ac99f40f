import { useRef } from 'preact/hooks';
import type { FilePriority } from '../../index.ts';
import { useFocusHeir } from '../widgets/focus-heir.ts';

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
  const field = useRef<HTMLLabelElement>(null);
  // A file that is all here has none.
  useFocusHeir(field);
  return (
    <label ref={field} class="priority">
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
