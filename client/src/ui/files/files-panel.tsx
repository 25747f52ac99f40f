import { useRef } from 'preact/hooks';
import { node } from '../state/session.ts';
import { plainText } from '../../../../shared/src/plain-text.ts';
import { type Preparing, addFiles, downloads, preparing, shares } from '../state/transfers.ts';
import { Button } from '../widgets/button.tsx';
import { useFocusHeir } from '../widgets/focus-heir.ts';
import { Icon } from '../widgets/icon.tsx';
import { DownloadRow } from './download-row.tsx';
import { filesOfInput } from './dropped-files.ts';
import { LimitsButton } from './limits-button.tsx';
import { OpenLink } from './open-link.tsx';
import { ShareRow } from './share-row.tsx';

/** Everything shared and downloaded, and the ways to add more. */
export function FilesPanel() {
  const isEmpty = downloads.value.length + shares.value.length + preparing.value.length === 0;
  return (
    <section class="panel files" id="files" aria-labelledby="files-title">
      <header class="panel-head">
        <h2 id="files-title">Files</h2>
        <LimitsButton />
      </header>
      <DropZone isEmpty={isEmpty} />
      <OpenLink />
      {!isEmpty && (
        <ul class="rows">
          {preparing.value.map((share) => (
            <PreparingRow key={share.id} share={share} />
          ))}
          {downloads.value.map((download) => (
            <DownloadRow key={download.infoHash} download={download} />
          ))}
          {shares.value.map((share) => (
            <ShareRow key={share.infoHash} share={share} />
          ))}
        </ul>
      )}
    </section>
  );
}

/** A share whose files are being read. */
function PreparingRow({ share: { label, percent, cancel } }: { readonly share: Preparing }) {
  const row = useRef<HTMLLIElement>(null);
  useFocusHeir(row);
  const name = plainText(label);
  return (
    <li ref={row} class="row preparing" data-testid="preparing">
      <div class="row-main">
        <span class="spinner" />
        <span class="row-name clip">{name}</span>
        <span class="row-state">Preparing… {percent} %</span>
        <div class="row-actions" role="group" aria-label={name}>
          <Button label="Cancel" testId="cancel-share" onClick={cancel} />
        </div>
      </div>
    </li>
  );
}

function DropZone({ isEmpty }: { readonly isEmpty: boolean }) {
  const isReady = node.value !== undefined;
  return (
    <div class={isEmpty ? 'drop-zone tall' : 'drop-zone'} data-testid="drop-zone">
      <Icon name="share" />
      <p>
        <strong>Drop or paste files or folders anywhere</strong>
        <span>They are shared from this tab while it is open. Nothing is stored on a server.</span>
      </p>
      <div class="button-row">
        <FileInput label="Choose files" testId="file-input" disabled={!isReady} />
        <FileInput label="Choose a folder" testId="folder-input" isFolder disabled={!isReady} />
      </div>
    </div>
  );
}

interface FileInputProps {
  readonly label: string;
  readonly testId: string;
  readonly isFolder?: boolean;
  readonly disabled: boolean;
}

/** A button in front of a file input: the input itself cannot be styled. */
function FileInput({ label, testId, isFolder = false, disabled }: FileInputProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button
        label={label}
        icon={isFolder ? 'folder' : 'file'}
        disabled={disabled}
        onClick={() => input.current?.click()}
      />
      <input
        ref={input}
        class="offscreen"
        type="file"
        multiple
        {...(isFolder && { webkitdirectory: true })}
        tabIndex={-1}
        aria-label={label}
        data-testid={testId}
        disabled={disabled}
        onChange={(event) => {
          const chosen = filesOfInput(event.currentTarget);
          event.currentTarget.value = '';
          void addFiles(chosen);
        }}
      />
    </>
  );
}
