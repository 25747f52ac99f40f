import { type LinkInfo, SkeinError } from '../api.ts';
import { type Link, LinkError } from './links/types.ts';

/** A link as the public door shows it. */
export function toLinkInfo(link: Link): LinkInfo {
  return { id: link.peer.id, name: link.name, path: link.path, rttMs: link.rttMs };
}

/** Why a link was not opened, in the codes of the public door. */
export function linkFailure(error: unknown): SkeinError {
  if (!(error instanceof LinkError))
    return new SkeinError('internal', 'The link failed for an unknown reason.', { cause: error });
  const code =
    error.code === 'over-budget' || error.code === 'timeout' || error.code === 'unreachable'
      ? error.code
      : 'link-failed';
  return new SkeinError(code, error.message, { cause: error });
}
