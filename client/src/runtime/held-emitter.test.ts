import { expect, test, vi } from 'vitest';
import { HeldEmitter } from './held-emitter.ts';

interface Events {
  count: number;
}

test('events of the time before the release reach listeners added meanwhile, in order, and later ones at once', () => {
  const emitter = new HeldEmitter<Events>();
  emitter.emit('count', 1);
  emitter.emit('count', 2);
  const heard = vi.fn();
  emitter.on('count', heard);
  expect(heard).not.toHaveBeenCalled();
  emitter.release();
  expect(heard.mock.calls).toEqual([[1], [2]]);
  emitter.emit('count', 3);
  expect(heard.mock.calls).toEqual([[1], [2], [3]]);
});

test('an event that a listener causes during the release comes after those held', () => {
  const emitter = new HeldEmitter<Events>();
  emitter.emit('count', 1);
  emitter.emit('count', 2);
  const heard: number[] = [];
  emitter.on('count', (count) => {
    heard.push(count);
    if (count === 1) emitter.emit('count', 3);
  });
  emitter.release();
  expect(heard).toEqual([1, 2, 3]);
});

test('of too many held events the newest are kept', () => {
  const emitter = new HeldEmitter<Events>();
  for (let count = 0; count < 1000; count++) emitter.emit('count', count);
  const heard = vi.fn();
  emitter.on('count', heard);
  emitter.release();
  expect(heard).toHaveBeenCalledTimes(256);
  expect(heard).toHaveBeenLastCalledWith(999);
});

test('a second release tells nothing again', () => {
  const emitter = new HeldEmitter<Events>();
  emitter.emit('count', 1);
  const heard = vi.fn();
  emitter.on('count', heard);
  emitter.release();
  emitter.release();
  expect(heard).toHaveBeenCalledTimes(1);
});
