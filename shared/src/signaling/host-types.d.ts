/**
 * The two host types that valibot's declarations name. `shared/` compiles without a host's library so that the
 * machines cannot reach one; nothing here uses them.
 */
declare global {
  interface Blob {
    readonly size: number;
    readonly type: string;
  }

  interface File extends Blob {
    readonly name: string;
  }
}

export {};
