import { describe, expect, it } from 'vitest';
import type { LookupTrace } from '../api.ts';
import { LookupTraces, MAX_TRACE_PATHS } from './lookup-traces.ts';

const KEY = 'ab'.repeat(20);

function watched(): { readonly traces: LookupTraces; readonly told: LookupTrace[] } {
  const told: LookupTrace[] = [];
  return { traces: new LookupTraces((trace) => told.push(trace)), told };
}

describe('the traces of lookups', () => {
  it('tell the start, each answer, and the end with the closest peers, under one id', () => {
    const { traces, told } = watched();
    const command = { kind: 'lookup', key: KEY };
    traces.begin(7, command);
    traces.answered(7, ['a', 'b']);
    traces.end(7, { kind: 'lookup', closest: [], hops: 2, elapsedMs: 9, path: [] });
    expect(told.map(({ id, state, paths }) => ({ id, state, paths }))).toEqual([
      { id: 7, state: 'running', paths: [] },
      { id: 7, state: 'running', paths: [['a', 'b']] },
      { id: 7, state: 'done', paths: [['a', 'b']] },
    ]);
  });

  it('call a read of a key that nobody holds done, and one without an answer failed', () => {
    const { traces, told } = watched();
    traces.begin(1, { kind: 'get', key: KEY });
    traces.end(1, { kind: 'failed', code: 'not-found' });
    traces.begin(2, { kind: 'findProviders', key: KEY });
    traces.end(2, { kind: 'failed', code: 'timeout' });
    traces.begin(3, { kind: 'lookup', key: KEY });
    traces.end(3);
    expect(told.filter(({ state }) => state !== 'running').map(({ state }) => state)).toEqual([
      'done',
      'failed',
      'failed',
    ]);
  });

  it('leave out what looks nothing up, and answers that come after the end', () => {
    const { traces, told } = watched();
    traces.begin(1, { kind: 'put' });
    traces.begin(2, { kind: 'publish', key: KEY });
    traces.begin(3, { kind: 'get', key: KEY });
    traces.end(3);
    traces.answered(3, ['a']);
    traces.end(3);
    expect(told.map(({ id }) => id)).toEqual([3, 3]);
  });

  it('remember a bounded number of ways', () => {
    const { traces, told } = watched();
    traces.begin(1, { kind: 'lookup', key: KEY });
    for (let i = 0; i < MAX_TRACE_PATHS + 5; i++) traces.answered(1, [`${i}`]);
    expect(told.at(-1)?.paths).toHaveLength(MAX_TRACE_PATHS);
    expect(told).toHaveLength(MAX_TRACE_PATHS + 1);
  });
});
