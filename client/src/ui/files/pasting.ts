import { namePicture } from './pasted-picture.ts';
import { isField, isLink, takeFiles, takeLink } from './taking.ts';

/** Takes what is pasted anywhere on the page: files and pictures are shared, a link is opened. Text in a field is the field's. */
export function watchPasting(): void {
  addEventListener('paste', (event) => {
    const { clipboardData: pasted, target } = event;
    if (!pasted) return;
    const text = pasted.getData('text/plain');
    if (text !== '' && isField(target)) return;
    // Programs that copy text put a picture of it beside it: a link is meant as one.
    if (isLink(text)) takeLink(text);
    else if (pasted.files.length > 0) takeFiles(pasted, (files) => namePicture(files, new Date()));
    else return;
    event.preventDefault();
  });
}
