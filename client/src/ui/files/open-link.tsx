import { useId, useState } from 'preact/hooks';
import { openText } from '../state/transfers.ts';

/** The box for share links, magnet links and info-hashes. */
export function OpenLink() {
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string | undefined>();
  const problemId = useId();
  const open = (): void => {
    const wrong = openText(text);
    setProblem(wrong);
    if (wrong === undefined) setText('');
  };
  return (
    <form
      class="open-link"
      onSubmit={(event) => {
        event.preventDefault();
        open();
      }}
    >
      <div class="field-row">
        <input
          data-testid="link-input"
          aria-label="Share link or magnet link"
          aria-invalid={problem !== undefined}
          aria-describedby={problemId}
          placeholder="Share link or magnet link"
          spellcheck={false}
          autocomplete="off"
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setProblem(undefined);
          }}
        />
        {/* Never disabled: it would lose the focus when it is pressed, for then the field is empty again. */}
        <button type="submit" class="button plain" data-testid="link-open">
          <span>Open</span>
        </button>
      </div>
      <p class="field-problem" id={problemId} role="alert">
        {problem}
      </p>
    </form>
  );
}
