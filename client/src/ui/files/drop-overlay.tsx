import { useEffect, useState } from 'preact/hooks';
import { pushNotice } from '../state/notices.ts';
import { addFiles } from '../state/transfers.ts';
import { errorText } from '../view/errors.ts';
import { Icon } from '../widgets/icon.tsx';
import { dragsFiles, filesOfDrop } from './dropped-files.ts';

/** Takes files dropped anywhere on the window, and shows that it will. */
export function DropOverlay() {
  const [isOver, setOver] = useState(false);
  useEffect(() => listenToDrops(setOver), []);
  if (!isOver) return null;
  return (
    <div class="drop-overlay" aria-hidden="true">
      <div>
        <Icon name="share" />
        <strong>Drop to share</strong>
      </div>
    </div>
  );
}

/** Of a drop that cannot be read as a whole nothing is taken: whoever gets it would miss a part without a word. */
function tellUnread(error: unknown): void {
  pushNotice({ key: 'share', kind: 'error', title: 'What was dropped is not taken', text: errorText(error) });
}

function listenToDrops(setOver: (isOver: boolean) => void): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const over = (event: DragEvent): void => {
    if (!dragsFiles(event)) return;
    event.preventDefault();
    setOver(true);
  };
  addEventListener('dragenter', over, { signal });
  addEventListener('dragover', over, { signal });
  // Leaving the window has no element to go to; going from one element to another has.
  addEventListener('dragleave', (event) => void (event.relatedTarget === null && setOver(false)), { signal });
  addEventListener(
    'drop',
    (event) => {
      setOver(false);
      if (!dragsFiles(event) || !event.dataTransfer) return;
      event.preventDefault();
      filesOfDrop(event.dataTransfer).then(addFiles).catch(tellUnread);
    },
    { signal },
  );
  return () => stop.abort();
}
