import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { moveFocus } from '../widgets/roving.ts';

/** One of several views of the same row. */
export interface DetailTab {
  readonly id: string;
  readonly label: string;
  readonly content: () => ComponentChildren;
}

/** Arrows move between tabs, and what gets the focus is shown (WAI-ARIA tabs pattern). */
const TAB_KEYS = { back: ['ArrowLeft'], forth: ['ArrowRight'] } as const;

/** Views of a row of which one is shown. */
export function DetailTabs({
  label,
  tabs,
  first,
}: {
  readonly label: string;
  readonly tabs: readonly DetailTab[];
  readonly first: string;
}) {
  const [picked, setPicked] = useState<string | undefined>();
  const base = useId();
  const current = tabs.find(({ id }) => id === (picked ?? first)) ?? tabs[0];
  if (!current) return null;
  return (
    <div class="detail-tabs">
      <div
        role="tablist"
        aria-label={label}
        onKeyDown={(event) => void moveFocus(event, event.currentTarget, '[role="tab"]', TAB_KEYS)}
      >
        {tabs.map(({ id, label: text }) => (
          <button
            key={id}
            type="button"
            role="tab"
            id={`${base}-${id}`}
            data-testid={`tab-${id}`}
            aria-selected={id === current.id}
            aria-controls={`${base}-panel`}
            tabIndex={id === current.id ? 0 : -1}
            onFocus={() => setPicked(id)}
            onClick={() => setPicked(id)}
          >
            {text}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${base}-panel`} aria-labelledby={`${base}-${current.id}`}>
        {current.content()}
      </div>
    </div>
  );
}
