import { expect, test, vi } from 'vitest';
import { Emitter } from './emitter.ts';

interface Events {
  count: number;
}

test('a listener hears events until it is removed, and no other is disturbed', () => {
  const emitter = new Emitter<Events>();
  const first = vi.fn();
  const second = vi.fn();
  const stop = emitter.on('count', first);
  emitter.on('count', second);
  emitter.emit('count', 1);
  stop();
  emitter.emit('count', 2);
  expect(first.mock.calls).toEqual([[1]]);
  expect(second.mock.calls).toEqual([[1], [2]]);
});

test('a listener that another one stops hears nothing more, not even what is being told', () => {
  const emitter = new Emitter<Events>();
  const second = vi.fn();
  emitter.on('count', () => stop());
  const stop = emitter.on('count', second);
  emitter.emit('count', 1);
  expect(second).not.toHaveBeenCalled();
});

test('a listener that throws does not keep the next one from hearing, and its error is not swallowed', async () => {
  const emitter = new Emitter<Events>();
  const heard = vi.fn();
  const uncaught = new Promise((resolve) => {
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => {
      for (const listener of listeners) process.on('uncaughtException', listener);
      resolve(error.message);
    });
  });
  emitter.on('count', () => {
    throw new Error('from the listener');
  });
  emitter.on('count', heard);
  emitter.emit('count', 1);
  expect(heard).toHaveBeenCalledWith(1);
  expect(await uncaught).toBe('from the listener');
});
