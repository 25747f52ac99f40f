import { type Node, SkeinError, join } from 'skein';

/** An application of its own with the network in it: one person picks a file, another pastes the link and has it. */

/** The element with this id. */
function find(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

function say(id: string, text: string): void {
  find(id).textContent = text;
}

function show({ joined, links }: Node['status']): void {
  say('status', joined ? `Joined, with ${links} ${links === 1 ? 'peer' : 'peers'}` : 'Joining…');
}

async function give(node: Node, files: FileList | null): Promise<void> {
  if (!files?.length) return;
  const share = await node.share([...files]);
  say('link', share.magnet);
}

async function take(node: Node, link: string): Promise<void> {
  const download = node.download(link);
  for await (const { doneBytes, totalBytes } of download) {
    if (totalBytes > 0) say('taken', `${Math.floor((100 * doneBytes) / totalBytes)} %`);
  }
  const links = download.files().map(async (file) => {
    const anchor = document.createElement('a');
    anchor.href = URL.createObjectURL(await file.blob());
    anchor.download = file.path;
    anchor.textContent = file.path;
    return anchor;
  });
  find('taken').replaceChildren(...(await Promise.all(links)));
}

/** Errors for people say what happened and what to do. */
function complain(error: unknown): void {
  say('taken', error instanceof SkeinError ? error.message : String(error));
}

const node = await join({ signaling: new URLSearchParams(location.search).get('server') ?? location.origin });
show(node.status);
node.on('status', show);
find('file').addEventListener('change', ({ target }) => {
  give(node, (target as HTMLInputElement).files).catch(complain);
});
find('fetch').addEventListener('submit', (event) => {
  event.preventDefault();
  take(node, (find('wanted') as HTMLInputElement).value).catch(complain);
});
