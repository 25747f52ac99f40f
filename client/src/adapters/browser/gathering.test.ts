import { expect, test } from 'vitest';
import {
  GATHER_MS,
  GATHER_QUIET_MS,
  GATHER_RELAY_ONLY_MS,
  GATHER_TURN_MS,
} from '../../../../shared/src/limits/links.ts';
import { ManualClock } from '../memory/manual-clock.ts';
import { Gathering } from './gathering.ts';

const STUN: RTCIceServer = { urls: 'stun:stun.example.org' };
const TURN: RTCIceServer = { urls: 'turn:turn.example.org', username: 'u', credential: 'c' };

/** A description that is being gathered, and how many candidates it had when it left. */
class Lab {
  readonly clock = new ManualClock();
  readonly left: number[] = [];
  readonly gathering: Gathering;
  #sdp = 'v=0\r\n';

  constructor(iceServers: readonly RTCIceServer[] = [], relayOnly = false) {
    const count = (): number => this.#sdp.split('a=candidate').length - 1;
    this.gathering = new Gathering(
      this.clock,
      { iceServers, relayOnly },
      () => this.#sdp,
      () => this.left.push(count()),
    );
    this.gathering.begin();
  }

  candidate(type: string): void {
    this.#sdp += `a=candidate:1 1 udp 1 192.0.2.1 9 typ ${type}\r\n`;
    this.gathering.candidate();
  }
}

test('a description leaves a moment after the candidate that matters most, with those that came beside it', async () => {
  const lab = new Lab([STUN]);
  lab.candidate('host');
  await lab.clock.advance(50);
  lab.candidate('srflx');
  lab.candidate('srflx');
  expect(lab.left).toEqual([]);
  await lab.clock.advance(GATHER_QUIET_MS);
  expect(lab.left).toEqual([3]);
});

test('it waits for a STUN server of which two questions were lost: without its candidate no other network is reached', async () => {
  const lab = new Lab([STUN]);
  lab.candidate('host');
  // libwebrtc asks again after 250 and 500 ms; then the answer takes a round trip.
  await lab.clock.advance(750 + 200);
  expect(lab.left).toEqual([]);
  lab.candidate('srflx');
  await lab.clock.advance(GATHER_QUIET_MS);
  expect(lab.left).toEqual([2]);
});

test('it leaves with what there is when that candidate does not come', async () => {
  const [stun, turn] = [new Lab([STUN]), new Lab([TURN])];
  for (const lab of [stun, turn]) {
    lab.candidate('host');
    await lab.clock.advance(GATHER_MS);
  }
  expect([stun.left, turn.left]).toEqual([[1], []]);
  await turn.clock.advance(GATHER_TURN_MS - GATHER_MS);
  expect(turn.left).toEqual([1]);
});

test('it never leaves without any candidate while some may still come: a busy device takes its time', async () => {
  const lab = new Lab();
  await lab.clock.advance(10 * GATHER_MS);
  expect(lab.left).toEqual([]);
  lab.candidate('host');
  lab.candidate('host');
  await lab.clock.advance(GATHER_QUIET_MS);
  expect(lab.left).toEqual([2]);
});

test('when time is over any type of candidate will do', async () => {
  const lab = new Lab([TURN]);
  await lab.clock.advance(2 * GATHER_TURN_MS);
  lab.candidate('host');
  await lab.clock.advance(GATHER_QUIET_MS);
  expect(lab.left).toEqual([1]);
});

test('where only relayed candidates are allowed and no relay answers, it leaves empty in time for a page to say so', async () => {
  const lab = new Lab([TURN], true);
  await lab.clock.advance(GATHER_RELAY_ONLY_MS);
  expect(lab.left).toEqual([0]);
});

test('it leaves at once when the browser has no more candidates, and only once', async () => {
  const lab = new Lab([TURN]);
  lab.gathering.complete();
  lab.gathering.complete();
  lab.candidate('relay');
  await lab.clock.advance(10 * GATHER_TURN_MS);
  expect(lab.left).toEqual([0]);
});

test('it does not leave once the connection is closed', async () => {
  const lab = new Lab();
  lab.candidate('host');
  lab.gathering.stop();
  await lab.clock.advance(GATHER_MS);
  expect(lab.left).toEqual([]);
});
