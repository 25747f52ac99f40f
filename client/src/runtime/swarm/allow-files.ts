/** The part of a file handle that TypeScript's DOM library leaves out; only Chromium has it. */
interface PermissionedHandle {
  requestPermission?: (options: { readonly mode: 'read' }) => Promise<PermissionState>;
}

/**
 * Asks the person to let the page read files of an earlier visit again. Must be called inside a click's own task. Never
 * rejects: what was refused shows when the files are opened.
 */
export async function allowFiles(handles: readonly FileSystemFileHandle[]): Promise<void> {
  const asking = handles.map((handle) =>
    (handle as PermissionedHandle).requestPermission?.call(handle, { mode: 'read' }),
  );
  await Promise.allSettled(asking.map((each) => Promise.resolve(each)));
}
