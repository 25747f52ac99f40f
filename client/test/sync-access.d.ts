/** What TypeScript knows of stored files in workers only, for tests of a worker's code, which run with the page's types. */
interface FileSystemSyncAccessHandle {
  read(into: Uint8Array, options?: { readonly at?: number }): number;
  write(bytes: Uint8Array, options?: { readonly at?: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

interface FileSystemFileHandle {
  createSyncAccessHandle(): Promise<FileSystemSyncAccessHandle>;
}
