import { MAX_FILES, MAX_TRACKERS } from '../../../../shared/src/limits/metainfo.ts';
import { SkeinError } from '../../api.ts';
import { isUrl } from '../../swarm/magnet.ts';

/**
 * The files of a share as a list of their own. Throws `bad-argument` for none, for too many, and for what JavaScript lets
 * through, handles and paths for example.
 */
export function checkedFiles(files: Iterable<File> | ArrayLike<File> | undefined): readonly File[] {
  const chosen = Array.from(files ?? []);
  if (chosen.length === 0) throw new SkeinError('bad-argument', 'A share has at least one file. Choose one.');
  if (chosen.length > MAX_FILES) throw tooManyError();
  // Not by their class: those of a frame have another one.
  if (!chosen.every((file) => typeof file?.slice === 'function' && typeof file.name === 'string'))
    throw new SkeinError('bad-argument', 'What is shared is a list of File objects. A handle gives one by getFile().');
  return chosen;
}

/** The trackers of a share. Throws `bad-argument` for what are no URLs, and for too many. */
export function checkedTrackers(trackers: readonly string[] = []): readonly string[] {
  if (!Array.isArray(trackers) || trackers.length > MAX_TRACKERS || !trackers.every(isUrl))
    throw new SkeinError('bad-argument', `Trackers of a share are URLs, ${MAX_TRACKERS} at most.`);
  return trackers;
}

function tooManyError(): SkeinError {
  const most = MAX_FILES.toLocaleString('en');
  return new SkeinError('bad-argument', `A share has at most ${most} files, and these are more. Share them in parts.`);
}
