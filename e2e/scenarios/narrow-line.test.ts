import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { callState, placeCall, seesAndHears } from '../harness/calls.ts';
import { NatLab, type Person } from '../harness/nat-lab.ts';
import type { Tab } from '../harness/tab.ts';
import { uploadedBytes } from '../harness/transfers.ts';

/** A line at home that sends 2 Mbit/s. [bytes/s] */
const UPLINK = 250_000;

/** What its router keeps of what it cannot send at once: half a second. [bytes] */
const QUEUE_BYTES = 128_000;

/** A line at home that takes 4 Mbit/s, and half a second of it that waits at the provider's. [bytes/s, bytes] */
const DOWNLINK = 500_000;
const DOWNLINK_QUEUE_BYTES = 250_000;

/** Longer than it takes to come while the test looks. [bytes] */
const FILE_BYTES = 100_000_000;

/** After so many pictures the browser has found out what it can send. */
const SETTLED_FRAMES = 150;

/** Over how long is looked at what came of a call alone. [ms] */
const ALONE_MS = 15_000;

/** The same beside a file: its beginning, when it was too fast for the first time, and some time after that. [ms] */
const SHARING_MS = 45_000;

/** What came in of a call while it was looked at. */
interface Heard {
  /** Packets of sound that were lost, of all. */
  readonly lost: number;
  /** Of the sound that was played, what the browser made up for what did not come in time. */
  readonly concealed: number;
  /** Of pictures. [bytes/s] */
  readonly video: number;
  /** What a round trip took, in the mean. [s] */
  readonly trip: number;
}

type Sums = Record<'lost' | 'packets' | 'concealed' | 'samples' | 'video' | 'tripSeconds' | 'trips', number>;

/** What is received, and what the other side reports of it, which TypeScript's DOM library leaves out. */
interface StreamStats extends RTCInboundRtpStreamStats {
  readonly totalRoundTripTime?: number;
  readonly roundTripTimeMeasurements?: number;
}

function totals(tab: Tab): Promise<Sums> {
  return tab.page.evaluate(async () => {
    const sums = { lost: 0, packets: 0, concealed: 0, samples: 0, video: 0, tripSeconds: 0, trips: 0 };
    for (const connection of window.connections) {
      if (connection.connectionState === 'closed') continue;
      for (const entry of (await connection.getStats()).values() as Iterable<StreamStats>) {
        if (entry.type === 'remote-inbound-rtp') {
          sums.tripSeconds += entry.totalRoundTripTime ?? 0;
          sums.trips += entry.roundTripTimeMeasurements ?? 0;
        } else if (entry.type === 'inbound-rtp' && entry.kind === 'video') sums.video += entry.bytesReceived ?? 0;
        else if (entry.type === 'inbound-rtp') {
          sums.lost += entry.packetsLost ?? 0;
          sums.packets += entry.packetsReceived ?? 0;
          sums.concealed += entry.concealedSamples ?? 0;
          sums.samples += entry.totalSamplesReceived ?? 0;
        }
      }
    }
    return sums;
  });
}

/** Runs in the page: so many pictures were decoded. */
async function haveCome(frames: number): Promise<boolean> {
  let decoded = 0;
  for (const connection of window.connections) {
    if (connection.connectionState === 'closed') continue;
    for (const entry of (await connection.getStats()).values() as Iterable<RTCInboundRtpStreamStats>)
      if (entry.type === 'inbound-rtp') decoded += entry.framesDecoded ?? 0;
  }
  return decoded >= frames;
}

async function listen(tab: Tab, forMs: number): Promise<Heard> {
  const before = await totals(tab);
  await sleep(forMs);
  const now = await totals(tab);
  const grew = (of: keyof typeof now): number => now[of] - before[of];
  return {
    lost: grew('lost') / (grew('lost') + grew('packets')),
    concealed: grew('concealed') / grew('samples'),
    video: (1000 * grew('video')) / forMs,
    trip: grew('tripSeconds') / grew('trips'),
  };
}

/** Has the first call the second with pictures, until they are as good as they get. */
async function call(from: Person, to: Person): Promise<void> {
  await placeCall(from.tab, await to.tab.id(), 'video');
  await to.tab.locate('answer-video').click();
  const both = [from.tab, to.tab];
  await Promise.all(both.map((tab) => callState(tab, 'established')));
  await Promise.all(both.map(seesAndHears));
  await Promise.all(both.map((tab) => tab.until('the picture to be as good as it gets', haveCome, SETTLED_FRAMES)));
}

describe.skipIf(!NatLab.isPossible())('somebody whose line at home is narrow', () => {
  let lab: NatLab;
  let sharer: Person;
  let taker: Person;
  let friend: Person;

  beforeEach(async () => {
    lab = await NatLab.open();
    const join = (): Promise<Person> => lab.join('port-restricted');
    [sharer, taker, friend] = await Promise.all([join(), join(), join()]);
    await Promise.all([sharer, taker, friend].map(({ tab }) => tab.joined(2)));
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await lab.dump(task.name);
    await lab?.close();
  });

  /** How `to` sees and hears `from` alone and while the taker takes a file of the sharer's, and how fast that goes. [bytes/s] */
  async function callBesideFile(from: Person, to: Person) {
    const { path } = await lab.files.make('long.bin', FILE_BYTES);
    const infoHash = await sharer.tab.share([path]);
    await call(from, to);
    const alone = await listen(to.tab, ALONE_MS);
    await taker.tab.openLink(await sharer.tab.shareLink(infoHash));
    await sharer.tab.until(
      'the file to be on its way',
      (hash) => window.skein.shares.some((each) => each.infoHash === hash && each.progress.uploadedBytes > 0),
      infoHash,
    );
    const before = await uploadedBytes(sharer.tab, infoHash);
    const beside = await listen(to.tab, SHARING_MS);
    const file = (1000 * ((await uploadedBytes(sharer.tab, infoHash)) - before)) / SHARING_MS;
    console.log('a call on a narrow line, alone and beside a file', { alone, beside, file });
    return { alone, beside, file };
  }

  test('is seen and heard as well while others take files, and these still come', { timeout: 150_000 }, async () => {
    lab.network.narrowUplink(sharer.host, UPLINK, QUEUE_BYTES);
    const { alone, beside, file } = await callBesideFile(sharer, friend);
    expect(beside.lost).toBeLessThan(0.02);
    expect(beside.concealed).toBeLessThan(0.1);
    // Files that take what they can leave a third.
    expect(beside.video).toBeGreaterThan(0.55 * alone.video);
    expect(file).toBeGreaterThan(UPLINK / 10);
  });

  test('sees and hears without delay while a file comes in, which still does', { timeout: 150_000 }, async () => {
    lab.network.narrowDownlink(taker.host, DOWNLINK, DOWNLINK_QUEUE_BYTES);
    const { alone, beside, file } = await callBesideFile(friend, taker);
    expect(beside.lost).toBeLessThan(0.02);
    expect(beside.concealed).toBeLessThan(0.1);
    // Files that take what they can have everything wait for a third of a second.
    expect(beside.trip).toBeLessThan(alone.trip + 0.15);
    expect(file).toBeGreaterThan(DOWNLINK / 5);
  });
});
