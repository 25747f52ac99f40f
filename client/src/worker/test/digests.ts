import { vi } from 'vitest';

/** Digests wait until the test lets them come, one after the other. */
export function holdDigests(): { readonly asked: () => number; release(): void } {
  const digest = crypto.subtle.digest.bind(crypto.subtle);
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const spy = vi.spyOn(crypto.subtle, 'digest').mockImplementation(async (...args) => {
    await held;
    return await digest(...args);
  });
  return { asked: () => spy.mock.calls.length, release: () => release() };
}
