import type { KeptFile } from './kept-shares.ts';

/**
 * Why a share of an earlier page does not go on by itself: the person must allow it again, must give the files again, or
 * has changed them since.
 */
export type ShareWait = 'permission' | 'files' | 'changed';

/** The part of a file handle that TypeScript's DOM library leaves out; only Chromium has it. */
interface PermissionedHandle {
  queryPermission?: (options: { readonly mode: 'read' }) => Promise<PermissionState>;
}

/** The files of a share of an earlier page, in place, or why they cannot be had. Padding has none. */
export async function reopenFiles(
  files: readonly (KeptFile | undefined)[],
): Promise<{ readonly sources: readonly (File | undefined)[] } | { readonly wait: ShareWait }> {
  if (files.some((file) => file && !file.handle)) return { wait: 'files' };
  const sources: (File | undefined)[] = [];
  for (const kept of files) {
    if (!kept?.handle) {
      sources.push(undefined);
      continue;
    }
    const { handle } = kept;
    const state = await (handle as PermissionedHandle).queryPermission?.call(handle, { mode: 'read' });
    if (state === 'denied') return { wait: 'files' };
    if (state === 'prompt') return { wait: 'permission' };
    const file = await handle.getFile().catch(() => undefined);
    if (!file || file.size !== kept.size || file.lastModified !== kept.modifiedAt) return { wait: 'changed' };
    sources.push(file);
  }
  return { sources };
}
