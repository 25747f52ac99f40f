import { linkFromText } from '../view/hash-link.ts';
import { takeFiles, takeLink } from './taking.ts';

/** Takes what is pasted anywhere on the page: files and pictures are shared, a link is opened. Text in a field is the field's. */
export function watchPasting(): void {
  addEventListener('paste', (event) => {
    const { clipboardData: pasted, target } = event;
    if (!pasted) return;
    const text = pasted.getData('text/plain');
    if (text !== '' && target instanceof Element && target.matches(':read-write')) return;
    // Programs that copy text put a picture of it beside it: a link is meant as one.
    const isLink = linkFromText(text) !== undefined;
    if (!isLink && pasted.files.length === 0) return;
    event.preventDefault();
    if (isLink) takeLink(text);
    else takeFiles(pasted);
  });
}
