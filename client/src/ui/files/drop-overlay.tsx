import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../widgets/icon.tsx';
import { dragsFiles, dragsLink } from './dropped-files.ts';
import { isField, takeFiles, takeLink } from './taking.ts';

type Dragged = 'files' | 'link';

/** Takes files and links dropped anywhere on the window, and shows what it will do with them. */
export function DropOverlay() {
  const [over, setOver] = useState<Dragged | undefined>();
  useEffect(() => listenToDrops(setOver), []);
  if (!over) return null;
  return (
    <div class="drop-overlay" aria-hidden="true">
      <div>
        <Icon name={over === 'files' ? 'share' : 'link'} />
        <strong>{over === 'files' ? 'Drop to share' : 'Drop to open'}</strong>
      </div>
    </div>
  );
}

function listenToDrops(setOver: (over: Dragged | undefined) => void): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const drag = (event: DragEvent): void => {
    const dragged = draggedOver(event);
    if (!dragged) return;
    event.preventDefault();
    setOver(dragged);
  };
  addEventListener('dragenter', drag, { signal });
  addEventListener('dragover', drag, { signal });
  // Leaving the window has no element to go to; going from one element to another has.
  addEventListener('dragleave', (event) => void (event.relatedTarget === null && setOver(undefined)), { signal });
  addEventListener(
    'drop',
    (event) => {
      setOver(undefined);
      const dragged = draggedOver(event);
      if (!dragged || !event.dataTransfer) return;
      event.preventDefault();
      if (dragged === 'files') takeFiles(event.dataTransfer);
      else takeLink(event.dataTransfer.getData('text/plain') || event.dataTransfer.getData('text/uri-list'));
    },
    { signal },
  );
  return () => stop.abort();
}

/** What the page takes of a drag; undefined for what is the browser's, as is a link that is dropped into a field. */
function draggedOver(event: DragEvent): Dragged | undefined {
  if (dragsFiles(event)) return 'files';
  return dragsLink(event) && !isField(event.target) ? 'link' : undefined;
}
