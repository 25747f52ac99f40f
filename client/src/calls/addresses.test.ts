import { describe, expect, test } from 'vitest';
import { both, callId, ends, invite, later, pair, receive, SETTLE_MS, type Pair } from './test/pair.ts';
import { type Device, idOf } from './test/network.ts';

describe('an INVITE for an address that its device does not register', () => {
  test('is answered with 404, each copy of it, and neither rings nor is missed', () => {
    const { network, caller, callee } = pair();
    const other = network.device('c');
    receive(network, callee, caller, invite(callId, other));
    receive(network, callee, caller, invite(callId, other));
    network.run(SETTLE_MS);
    expect(callee.events).toEqual([]);
    expect(network.sentOf('response').map(({ message }) => message.code)).toEqual([404, 404]);
    expect(callee.machine.counters.get('wrong-address')).toBe(1);
    expect(callee.machine.load).toEqual({ transactions: 0, tombstones: 0, timers: 0 });
  });

  test('is answered so in a call, too: whoever is led there learns nothing of that', () => {
    const { network, caller, callee } = pair();
    const other = network.device('c');
    receive(network, callee, other, invite(callId, callee));
    receive(network, callee, caller, invite(later, other));
    expect(network.sentOf('response').at(-1)?.message.code).toBe(404);
  });

  test('is one device less for its caller, whose call ends as not found when there is no other', () => {
    const all = pair();
    const owner = all.network.device('c');
    all.caller.command({ kind: 'invite', callId, address: owner.id, devices: [all.callee.id], media: both });
    expect(ends(all)).toEqual(['not-found', undefined]);
  });
});

test('a device rings for each of the addresses that it registers', () => {
  const { network, caller } = pair();
  const callee = network.device('d', 'e');
  receive(network, callee, caller, invite(callId, { id: idOf('d') }));
  receive(network, callee, caller, invite(later, { id: idOf('e') }));
  expect(callee.kinds().filter((kind) => kind === 'incoming')).toHaveLength(2);
});

describe('two that call at once, one of whom is only listed for the address that the other calls', () => {
  /** `caller` calls an address whose owner lists `callee`, too, and `callee` calls the caller. */
  function listed(ours: string, theirs: string): Pair & { readonly owner: Device } {
    const all = pair();
    const owner = all.network.device('c');
    const devices = [owner.id, all.callee.id];
    all.caller.command({ kind: 'invite', callId: ours, address: owner.id, devices, media: both });
    all.callee.command({
      kind: 'invite',
      callId: theirs,
      address: all.caller.id,
      devices: [all.caller.id],
      media: both,
    });
    all.network.run(1000);
    return { ...all, owner };
  }

  test.each([
    [callId, later],
    [later, callId],
  ])('are in no call: the one hears busy, and the other rings where it called (%s, %s)', (ours, theirs) => {
    const { network, caller, callee, owner } = listed(ours, theirs);
    expect(callee.endOf(theirs)).toBe('busy');
    expect(caller.kinds()).toEqual(['ringing']);
    expect(owner.kinds()).toEqual(['incoming']);
    owner.command({ kind: 'accept', callId: ours, media: both });
    network.run(1000);
    expect(caller.last('established')?.peer).toBe(owner.id);
  });

  test('are in no call either when the listed one calls after it was called', () => {
    const { network, caller, callee } = pair();
    const owner = network.device('c');
    const devices = [owner.id, callee.id];
    caller.command({ kind: 'invite', callId: later, address: owner.id, devices, media: both });
    network.run(1000);
    callee.command({ kind: 'invite', callId, address: caller.id, devices: [caller.id], media: both });
    network.run(1000);
    expect(callee.endOf(callId)).toBe('busy');
    expect(caller.kinds()).toEqual(['ringing']);
  });
});

test('the owner of the address that we call merges with us, whoever else is listed for it', () => {
  const { network, caller, callee } = pair();
  const stranger = network.device('c');
  const devices = [stranger.id, callee.id];
  caller.command({ kind: 'invite', callId: later, address: callee.id, devices, media: both });
  callee.command({ kind: 'invite', callId, address: caller.id, devices: [caller.id], media: both });
  network.run(1000);
  for (const device of [caller, callee]) expect(device.last('established')?.callId).toBe(callId);
  expect(stranger.events).toEqual([]);
});
