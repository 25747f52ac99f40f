/** Work that goes on by itself until it is waited for; its first error is kept until then. */
export class Background {
  /** BOUNDED: by the run that waits for all of it. */
  readonly #works: Promise<void>[] = [];
  #error: { readonly cause: unknown } | undefined;

  add(work: Promise<unknown>): void {
    const noted = work.then(
      () => undefined,
      (cause: unknown) => {
        this.#error ??= { cause };
      },
    );
    this.#works.push(noted);
  }

  /** Waits for everything added. Rejects with the first error of any of it. */
  async settle(): Promise<void> {
    await Promise.all(this.#works);
    if (this.#error) throw this.#error.cause;
  }
}
