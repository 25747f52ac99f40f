import { useSignalEffect } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { spotlight } from '../state/transfers.ts';
import { Button } from '../widgets/button.tsx';
import { useFocusHeir } from '../widgets/focus-heir.ts';
import { Icon, type IconName } from '../widgets/icon.tsx';

interface RowFrameProps {
  readonly testId: 'share-row' | 'download-row';
  readonly infoHash: string;
  readonly state: string;
  readonly icon: IconName;
  readonly name: string;
  /** Done so far, 0..100: the row's background. */
  readonly percent: number;
  readonly stateText: string;
  readonly facts: ComponentChildren;
  readonly actions: ComponentChildren;
  /** Below the facts, always shown: errors, the share link. */
  readonly children?: ComponentChildren;
  /** Shown when the row is opened. */
  readonly details: () => ComponentChildren;
}

/** A row of the files panel: its background is the progress, and it opens to show files and peers. */
export function RowFrame(props: RowFrameProps) {
  const { testId, infoHash, state, name, percent } = props;
  const [isOpen, setOpen] = useState(false);
  const row = useRef<HTMLLIElement>(null);
  useFocusHeir(row);
  useSignalEffect(() => {
    if (spotlight.value !== infoHash) return;
    spotlight.value = undefined;
    row.current?.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  });
  return (
    <li ref={row} class="row" data-testid={testId} data-info-hash={infoHash} data-state={state}>
      <div class="row-fill" style={{ transform: `scaleX(${percent / 100})` }} />
      <div class="row-main">
        <Icon name={props.icon} />
        <span class="row-name clip" data-testid="row-name" title={name}>
          {name}
        </span>
        <span class="row-state" data-testid="row-state">
          {props.stateText}
        </span>
        <div
          class="row-percent"
          data-testid="row-progress"
          role="progressbar"
          aria-label={`${name}: done`}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={percent}
        >
          {percent} %
        </div>
        <div class="row-facts">{props.facts}</div>
        <div class="row-actions" role="group" aria-label={name}>
          {props.actions}
          <button
            type="button"
            class="button quiet icon-only row-toggle"
            data-testid="row-toggle"
            aria-expanded={isOpen}
            aria-label={`Files and peers of ${name}`}
            title="Files and peers"
            onClick={() => setOpen(!isOpen)}
          >
            <Icon name="chevron" />
          </button>
        </div>
      </div>
      {props.children}
      {isOpen && <div class="row-details">{props.details()}</div>}
    </li>
  );
}

/** A button with an icon in a row, whose group names the row for those who hear it. */
export function RowButton(props: {
  readonly label: string;
  readonly icon: IconName;
  readonly testId: string;
  readonly onClick: () => void;
}) {
  return <Button {...props} iconOnly look="quiet" />;
}
