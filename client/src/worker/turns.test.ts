import { expect, test } from 'vitest';
import { hashToId } from '../../../shared/src/ids.ts';
import { Turns } from './turns.ts';

const [A, B] = [hashToId(Uint8Array.of(1)), hashToId(Uint8Array.of(2))];

/** A promise that the test settles. */
function gate(): { readonly promise: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open: () => open() };
}

test('requests for one torrent wait for each other, those for another do not', async () => {
  const turns = new Turns();
  const done: string[] = [];
  const first = gate();
  const a1 = turns.take(A, async () => {
    await first.promise;
    done.push('a1');
  });
  const a2 = turns.take(A, async () => void done.push('a2'));
  await turns.take(B, async () => void done.push('b'));
  expect(done).toEqual(['b']);
  first.open();
  await Promise.all([a1, a2]);
  expect(done).toEqual(['b', 'a1', 'a2']);
});

test('a request that fails tells its caller and holds up none after it', async () => {
  const turns = new Turns();
  const failing = turns.take(A, () => Promise.reject(new Error('no room')));
  const next = turns.take(A, () => Promise.resolve('done'));
  await expect(failing).rejects.toThrow('no room');
  expect(await next).toBe('done');
});

test('what runs is told that a waiting request will undo it, and what comes after that request is not', async () => {
  const turns = new Turns();
  const first = gate();
  const seen: boolean[] = [];
  const see = async (): Promise<void> => void seen.push(turns.isUndoneNext(A));
  const running = turns.take(A, async () => {
    await first.promise;
    await see();
  });
  const undoing = turns.takeToUndo(A, see);
  const after = turns.take(A, see);
  expect(turns.isUndoneNext(B)).toBe(false);
  first.open();
  await Promise.all([running, undoing, after]);
  expect(seen).toEqual([true, false, false]);
});
