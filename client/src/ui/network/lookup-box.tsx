import { useId, useRef, useState } from 'preact/hooks';
import { box, cancelLookup, lookUp, type LookupMode } from '../state/lookups.ts';
import { keyWarning } from '../view/lookup-words.ts';
import { LookupOutcome } from './lookup-outcome.tsx';

const MODES: readonly { readonly mode: LookupMode; readonly label: string; readonly title: string }[] = [
  { mode: 'recursive', label: 'Recursive', title: 'Handed on from peer to peer: quick' },
  { mode: 'iterative', label: 'Iterative', title: 'This page asks each peer itself: thorough' },
];

/** Looks up who is nearest to a key; the ring shows the way. */
export function LookupBox() {
  const [text, setText] = useState('');
  const [mode, setMode] = useState<LookupMode>('recursive');
  const hintId = useId();
  const input = useRef<HTMLInputElement>(null);
  const warning = keyWarning(text);
  return (
    <section class="lookup-box" aria-label="Look a key up" data-testid="lookup-box" data-state={box.value.kind}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void lookUp(text, mode);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') cancelLookup();
        }}
      >
        <div class="field-row">
          <input
            ref={input}
            data-testid="lookup-input"
            aria-label="Key to look up"
            aria-describedby={hintId}
            placeholder="A key, or any text"
            spellcheck={false}
            autocomplete="off"
            autocapitalize="off"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <button type="submit" class="button plain" data-testid="lookup-start" disabled={text.trim() === ''}>
            <span>Look up</span>
          </button>
        </div>
        <div class="lookup-options">
          <fieldset class="modes">
            <legend class="sr-only">How to look up</legend>
            {MODES.map((choice) => (
              <label key={choice.mode} title={choice.title}>
                <input
                  type="radio"
                  name="lookup-mode"
                  value={choice.mode}
                  data-testid={`lookup-${choice.mode}`}
                  checked={mode === choice.mode}
                  onChange={() => setMode(choice.mode)}
                />
                <span>{choice.label}</span>
              </label>
            ))}
          </fieldset>
          <p class="hint" id={hintId} role="status">
            {warning === '' ? MODES.find((choice) => choice.mode === mode)?.title : warning}
          </p>
        </div>
      </form>
      <LookupOutcome refocus={() => input.current?.focus()} />
    </section>
  );
}
