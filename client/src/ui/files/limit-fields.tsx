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
  return (
    <fieldset class="limit-fields">
      <legend>{legend}</legend>
      <LimitField
        label="Coming in"
        testId="limit-down"
        limit={limits.down}
        hint={hint}
        onChange={(down) => onChange({ ...limits, down })}
      />
      <LimitField
        label="Going out"
        testId="limit-up"
        limit={limits.up}
        hint={hint}
        onChange={(up) => onChange({ ...limits, up })}
      />
      <p class="hint" id={hint}>
        An empty field means no limit.
      </p>
    </fieldset>
  );
}

interface LimitFieldProps {
  readonly label: string;
  readonly testId: string;
  readonly limit: number | undefined;
  readonly hint: string;
  readonly onChange: (limit: number | undefined) => void;
}

function LimitField({ label, testId, limit, hint, onChange }: LimitFieldProps) {
  const id = useId();
  // What is being typed: the row is drawn anew meanwhile, and must not take it away.
  const [draft, setDraft] = useState<string | undefined>();
  return (
    <div class="limit-field">
      <label for={id}>{label}</label>
      <input
        id={id}
        data-testid={testId}
        type="number"
        inputMode="decimal"
        min="0"
        step="any"
        placeholder="no limit"
        aria-describedby={hint}
        value={draft ?? limitToText(limit)}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onChange={(event) => {
          setDraft(undefined);
          onChange(limitFromText(event.currentTarget.value));
        }}
      />
      <span>{`${KB}/s`}</span>
    </div>
  );
}
