import { useId, useState } from 'preact/hooks';
import type { RateLimits } from '../../index.ts';
import { KB, limitFromText, limitToText } from '../view/limits.ts';

interface LimitFieldsProps {
  readonly legend: string;
  readonly limits: RateLimits;
  readonly onChange: (limits: RateLimits) => void;
}

/** Two fields for the most that may come in and go out. They hold from the moment that one is left. */
export function LimitFields({ legend, limits, onChange }: LimitFieldsProps) {
  const hint = useId();
  const [isRefused, setRefused] = useState(false);
  return (
    <fieldset class="limit-fields">
      <legend>{legend}</legend>
      <LimitField
        label="Coming in"
        testId="limit-down"
        limit={limits.down}
        hint={hint}
        onRefused={setRefused}
        onChange={(down) => onChange({ ...limits, down })}
      />
      <LimitField
        label="Going out"
        testId="limit-up"
        limit={limits.up}
        hint={hint}
        onRefused={setRefused}
        onChange={(up) => onChange({ ...limits, up })}
      />
      <p class="hint" id={hint}>
        An empty field or 0 means no limit.
      </p>
      {isRefused && (
        <p class="field-problem" role="alert" data-testid="limit-problem">
          This was no number of 0 or more, such as 1.5 or 1500: the limit stays as it was.
        </p>
      )}
    </fieldset>
  );
}

interface LimitFieldProps {
  readonly label: string;
  readonly testId: string;
  readonly limit: number | undefined;
  readonly hint: string;
  /** Told with each change whether what was typed is no limit. */
  readonly onRefused: (isRefused: boolean) => void;
  readonly onChange: (limit: number | undefined) => void;
}

function LimitField({ label, testId, limit, hint, onRefused, onChange }: LimitFieldProps) {
  const id = useId();
  // What is being typed: the row is drawn anew meanwhile, and must not take it away.
  const [draft, setDraft] = useState<string | undefined>();
  return (
    <div class="limit-field">
      <label for={id}>{label}</label>
      {/* No number field: some browsers drop a comma while it is typed, and 1,5 would be 15. */}
      <input
        id={id}
        data-testid={testId}
        inputMode="decimal"
        autocomplete="off"
        placeholder="no limit"
        aria-describedby={hint}
        value={draft ?? limitToText(limit)}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onChange={(event) => {
          const typed = limitFromText(event.currentTarget.value);
          setDraft(undefined);
          onRefused(typed === 'invalid');
          if (typed !== 'invalid') onChange(typed);
        }}
      />
      <span>{`${KB}/s`}</span>
    </div>
  );
}
