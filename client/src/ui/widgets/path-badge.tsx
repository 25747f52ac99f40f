import type { LinkInfo } from '../../index.ts';
import { pathWord } from '../view/status-words.ts';

/** How bytes travel to a peer: a line, solid or dashed as in the ring, and the word. */
export function PathBadge({ path, testId }: { readonly path: LinkInfo['path']; readonly testId?: string }) {
  return (
    <span class={`badge path-${path}`}>
      <svg class="path-line" viewBox="0 0 20 4" aria-hidden="true">
        <path d="M1 2h18" />
      </svg>
      <span data-testid={testId}>{pathWord(path)}</span>
    </span>
  );
}
