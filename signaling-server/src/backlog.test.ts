import { expect, test } from 'vitest';
import { Backlog } from './backlog.ts';

/** Lines by name in a backlog of a hundred bytes, and the names of those that were cut. */
function bench(): { line: (name: string) => ReturnType<Backlog['line']>; cut: string[] } {
  const backlog = new Backlog(100);
  const cut: string[] = [];
  return { line: (name) => backlog.line(() => cut.push(name)), cut };
}

test('when more waits than there is room for, the one with most waiting is cut, and no other', () => {
  const { line, cut } = bench();
  const [mute, slow] = [line('mute'), line('slow')];
  mute.add(70);
  slow.add(30);
  expect(cut).toEqual([]);
  slow.add(1);
  expect(cut).toEqual(['mute']);
  slow.add(69);
  expect(cut).toEqual(['mute']);
});

test('what is being written waits until it is written', () => {
  const { line, cut } = bench();
  const first = line('first');
  first.add(60);
  first.handOver();
  first.add(40);
  first.written();
  first.add(60);
  expect(cut).toEqual([]);
  first.handOver();
  first.add(1);
  expect(cut).toEqual(['first']);
});

test('what was waiting for one that is closed takes no room, nor what is added later', () => {
  const { line, cut } = bench();
  const gone = line('gone');
  gone.add(90);
  gone.end();
  gone.add(500);
  line('next').add(100);
  expect(cut).toEqual([]);
});
