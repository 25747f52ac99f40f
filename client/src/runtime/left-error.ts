import { SkeinError } from '../api.ts';

/** What whatever is asked of a peer after its end rejects with, and what was under way then. */
export function leftError(): SkeinError {
  return new SkeinError('left', 'This peer has left the network. Reload the page to join again.');
}
