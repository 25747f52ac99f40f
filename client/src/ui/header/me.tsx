import { useState } from 'preact/hooks';
import { myName, node, renameMe } from '../state/session.ts';
import { Avatar } from '../widgets/avatar.tsx';
import { copyText } from '../widgets/copy-button.tsx';
import { Icon } from '../widgets/icon.tsx';

/** Longest name that can be typed. [UTF-16 units] The library cuts at 64 bytes. */
const MAX_NAME = 64;
/** The address says "Copied" for this long. [ms] */
const SAID_MS = 1500;

/** My name, to be changed in place, and my address, to be copied. */
export function Me() {
  const me = node.value;
  if (!me) return <div class="me" />;
  return (
    <div class="me">
      <Avatar id={me.id} name={myName.value} />
      <div class="me-texts">
        <NameField />
        <Address address={me.address} />
      </div>
    </div>
  );
}

function NameField() {
  const [draft, setDraft] = useState<string | undefined>();
  const save = (): void => {
    if (draft !== undefined) renameMe(draft);
    setDraft(undefined);
  };
  return (
    <label
      class={draft === undefined ? 'name-field' : 'name-field editing'}
      data-testid="my-name"
      title="Change your name"
    >
      {/* The text gives the field its width; the input lies over it. */}
      <span class="name-text">{draft ?? myName.value}</span>
      <input
        class="name-input"
        data-testid="my-name-input"
        aria-label="Your name"
        maxLength={MAX_NAME}
        spellcheck={false}
        autocomplete="off"
        value={draft ?? myName.value}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onBlur={save}
        onKeyDown={(event) => {
          if (event.key === 'Enter') event.currentTarget.blur();
          if (event.key === 'Escape') {
            event.currentTarget.value = myName.value;
            setDraft(undefined);
          }
        }}
      />
      <Icon name="pencil" />
    </label>
  );
}

function Address({ address }: { readonly address: string }) {
  const [said, setSaid] = useState('');
  const copy = async (): Promise<void> => {
    setSaid((await copyText(address)) ? 'Copied' : 'Not copied');
    setTimeout(() => setSaid(''), SAID_MS);
  };
  return (
    <button type="button" class="address" title={`Copy your address: ${address}`} onClick={() => void copy()}>
      <span class="sr-only">Copy your address </span>
      <span class="address-text" data-testid="my-address">
        {address}
      </span>
      <span class="address-said" role="status">
        {said}
      </span>
      <Icon name={said === 'Copied' ? 'check' : 'copy'} />
    </button>
  );
}
