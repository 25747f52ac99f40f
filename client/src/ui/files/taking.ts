import { pushNotice } from '../state/notices.ts';
import { hashLink } from '../state/place.ts';
import { addFiles, openText } from '../state/transfers.ts';
import { errorText } from '../view/errors.ts';
import { linkIn, sourceFromText } from '../view/hash-link.ts';
import { type DroppedFiles, filesOfDrop } from './dropped-files.ts';

/** Whether what is dropped or pasted there is text of a field, and not the page's. */
export function isField(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches(':read-write');
}

/** Whether a text is what `takeLink` follows. */
export function isLink(text: string): boolean {
  return sourceFromText(text) !== undefined || linkIn(text) !== undefined;
}

/**
 * Shares the files and folders of a drop, or of the clipboard. Must be called inside the event. Of what cannot be read as a
 * whole nothing is taken: whoever gets it would miss a part without a word. `named`: gives them other names.
 */
export function takeFiles(transfer: DataTransfer, named: (files: DroppedFiles) => DroppedFiles = (same) => same): void {
  filesOfDrop(transfer)
    .then((dropped) => {
      if (dropped.files.length === 0) throw new Error('There is no file in it. Drop files, or a folder that has some.');
      return addFiles(named(dropped));
    })
    .catch((error: unknown) =>
      pushNotice({ key: 'share', kind: 'error', title: 'Nothing of this is taken', text: errorText(error) }),
    );
}

/** Follows a link that was dropped or pasted; a notice says so when it is none. */
export function takeLink(text: string): void {
  const link = linkIn(text);
  if (link?.kind === 'call') return void (hashLink.value = link);
  const wrong = openText(text);
  if (wrong !== undefined)
    pushNotice({ key: 'open', kind: 'error', title: 'The link could not be opened', text: wrong });
}
