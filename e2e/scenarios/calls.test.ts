import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { callState, hears, mediaFigures, placeCall, putAway, sees, seesAndHears } from '../harness/calls.ts';
import { type Tab, says } from '../harness/tab.ts';
import { scenario } from '../harness/scenario.ts';
import { World } from '../harness/world.ts';

describe('three people', () => {
  let world: World;
  let alice: Tab;
  let bob: Tab;
  let carol: Tab;
  /** A call that nobody answers, placed first and looked at last: it takes a minute to give up. */
  let patient: Tab;
  let absent: Tab;
  let patientSince: number;

  beforeAll(async () => {
    world = await World.open();
    const names = ['alice', 'bob', 'carol', 'patient', 'absent'];
    const tabs: Tab[] = [];
    for (const name of names) tabs.push(await world.openTab({ query: { name } }));
    await Promise.all(tabs.map((tab) => tab.joined(4)));
    [alice, bob, carol, patient, absent] = tabs as [Tab, Tab, Tab, Tab, Tab];
    await placeCall(patient, await absent.id(), 'audio');
    await callState(patient, 'ringing');
    patientSince = performance.now();
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await world.dump(task.name);
    for (const tab of [alice, bob, carol])
      await tab.page.evaluate(() => window.skein.calls.forEach((call) => call.hangUp()));
    for (const tab of [alice, bob, carol]) await putAway(tab);
  });

  afterAll(async () => {
    await world.close();
  });

  async function establish(kind: 'audio' | 'video'): Promise<void> {
    await placeCall(alice, await bob.id(), kind);
    await bob.locate('incoming-dialog').waitFor();
    await bob.locate(`answer-${kind}`).click();
    await Promise.all([callState(alice, 'established'), callState(bob, 'established')]);
  }

  test('a video call rings with the caller’s name, and both then see and hear each other', async () => {
    await placeCall(alice, await bob.id(), 'video');
    await bob.locate('incoming-dialog').waitFor();
    await says(bob.page, 'incoming-name', /alice/);
    await callState(alice, 'ringing');
    await bob.locate('answer-video').click();
    await Promise.all([callState(alice, 'established'), callState(bob, 'established')]);
    await Promise.all([seesAndHears(alice), seesAndHears(bob)]);
    for (const tab of [alice, bob]) {
      await says(tab.page, 'call-path', /direct/i);
      await tab.until(
        'a picture in the panel',
        () => document.querySelector<HTMLVideoElement>('[data-testid="remote-video"]')?.videoWidth,
        undefined,
      );
      const stats = await tab.page.evaluate(() => window.skein.calls[0]!.stats());
      expect(stats.framesDecoded).toBeGreaterThan(0);
      expect(stats.audioBytesReceived).toBeGreaterThan(0);
    }
  });

  test('hanging up ends the call on both sides, whoever does it', async () => {
    await establish('video');
    await alice.locate('hang-up').click();
    await Promise.all([callState(alice, 'ended'), callState(bob, 'ended')]);
    await Promise.all([putAway(alice), putAway(bob)]);
    await establish('audio');
    await bob.locate('hang-up').click();
    await Promise.all([callState(alice, 'ended'), callState(bob, 'ended')]);
    expect(await alice.locate('call-state').textContent()).toMatch(/ended/i);
  });

  test('an audio call brings sound both ways and no picture', async () => {
    await establish('audio');
    await Promise.all([hears(alice), hears(bob)]);
    expect((await mediaFigures(alice)).framesDecoded).toBe(0);
    expect((await mediaFigures(bob)).framesDecoded).toBe(0);
  });

  test('a video call can be answered with sound only', async () => {
    await placeCall(alice, await bob.id(), 'video');
    await bob.locate('answer-audio').click();
    await Promise.all([callState(alice, 'established'), callState(bob, 'established')]);
    await Promise.all([hears(alice), hears(bob), sees(bob)]);
    expect((await mediaFigures(alice)).framesDecoded).toBe(0);
  });

  test('muting and switching the camera off are shown at the other side', async () => {
    await establish('video');
    await alice.locate('mute-audio').click();
    await bob.until('alice to be muted', () => window.skein.calls[0]?.remoteMuted.audio, undefined);
    await alice.locate('mute-video').click();
    await bob.until('alice’s camera to be off', () => window.skein.calls[0]?.remoteMuted.video, undefined);
    await bob.page.getByText('Microphone and camera are off on the other side').waitFor();
    await alice.locate('mute-audio').click();
    await alice.locate('mute-video').click();
    await bob.until(
      'both to be on again',
      () => {
        const muted = window.skein.calls[0]?.remoteMuted;
        return muted && !muted.audio && !muted.video;
      },
      undefined,
    );
    await seesAndHears(bob);
  });

  test('a declined call says so to the caller', async () => {
    await placeCall(alice, await bob.id(), 'audio');
    await bob.locate('decline-button').click();
    await callState(alice, 'ended');
    expect(await alice.page.evaluate(() => window.skein.calls.at(-1)?.endReason ?? 'gone')).toMatch(/declined|gone/);
    expect(await alice.locate('call-state').textContent()).toMatch(/declined/i);
    await bob.locate('incoming-dialog').waitFor({ state: 'detached' });
  });

  test('whoever is typing when a call comes in answers nothing by that: no button of it has the focus', async () => {
    await bob.locate('lookup-input').focus();
    await placeCall(alice, await bob.id(), 'video');
    await bob.locate('incoming-dialog').waitFor();
    const focused = await bob.page.evaluate(() => document.activeElement?.localName);
    await bob.page.keyboard.type('a key\n');
    expect(focused).toBe('dialog');
    await bob.locate('decline-button').click();
    await callState(alice, 'ended');
    expect(await alice.locate('call-state').textContent()).toMatch(/declined/i);
  });

  test('a cancelled call stops ringing at the other side', async () => {
    await placeCall(alice, await bob.id(), 'video');
    await bob.locate('incoming-dialog').waitFor();
    await alice.locate('hang-up').click();
    await bob.locate('incoming-dialog').waitFor({ state: 'detached' });
    await callState(alice, 'ended');
  });

  test('someone in a call is busy for a third person, and the call goes on', async () => {
    await establish('audio');
    await placeCall(carol, await bob.id(), 'audio');
    await callState(carol, 'ended');
    expect(await carol.locate('call-state').textContent()).toMatch(/busy/i);
    await hears(alice);
  });

  test('an ignored call stops ringing here and goes on ringing for the caller', async () => {
    await placeCall(alice, await bob.id(), 'audio');
    await bob.locate('ignore-button').click();
    await bob.locate('incoming-dialog').waitFor({ state: 'detached' });
    await callState(alice, 'ringing');
  });

  test('a person is called by address, without being in the list', async () => {
    const address = await bob.page.evaluate(() => window.skein.address);
    await alice.locate('address-input').fill(address);
    await alice.locate('address-call-audio').click();
    await bob.locate('answer-audio').click();
    await Promise.all([callState(alice, 'established'), callState(bob, 'established')]);
    await hears(alice);
  });

  test('an address that nobody has ends with words that say so', async () => {
    await alice.locate('address-input').fill('ab'.repeat(20));
    await alice.locate('address-call-audio').click();
    await callState(alice, 'ended');
    expect(await alice.locate('call-state').textContent()).toMatch(/not found|cannot be reached/i);
  });

  test('a caller whose tab dies is gone from the call at the other side', async () => {
    const dave = await world.openTab({ query: { name: 'dave' } });
    await dave.joined(3);
    const daveId = await dave.id();
    await bob.linkedTo(daveId);
    await placeCall(bob, daveId, 'video');
    await dave.locate('answer-video').click();
    await callState(bob, 'established');
    await seesAndHears(bob);
    await dave.crash();
    await bob.page.locator('[data-testid="call-panel"][data-state="ended"]').waitFor({ timeout: 40_000 });
    expect(await bob.locate('call-state').textContent()).toMatch(/connection lost/i);
  });

  test('a call that nobody answers ends after a minute on both sides', { timeout: 90_000 }, async () => {
    await patient.page
      .locator('[data-testid="call-panel"][data-state="ended"]')
      .waitFor({ timeout: Math.max(1_000, 70_000 - (performance.now() - patientSince)) });
    expect(await patient.locate('call-state').textContent()).toMatch(/no answer/i);
    await absent.locate('incoming-dialog').waitFor({ state: 'detached' });
    for (const tab of [alice, bob, carol, patient, absent]) expect(tab.uncaught).toEqual([]);
  });
});

scenario('a caller who refuses camera and microphone is told, and may call without', async (world) => {
  const shy = await world.openTab({ profile: { permissions: [] } });
  const other = await world.openTab();
  await Promise.all([shy.joined(), other.joined()]);
  await shy.linkedTo(await other.id());
  await placeCall(shy, await other.id(), 'video');
  await shy.locate('media-problem').waitFor();
  expect(await shy.locate('media-problem-text').textContent()).toMatch(/camera|microphone/i);
  await shy.locate('media-try-none').click();
  await other.locate('answer-video').click();
  await Promise.all([callState(shy, 'established'), callState(other, 'established')]);
  await seesAndHears(shy);
});

scenario('a callee who refuses is told, the call keeps ringing, and can be answered without', async (world) => {
  const shy = await world.openTab({ profile: { permissions: [] } });
  const caller = await world.openTab();
  await Promise.all([shy.joined(), caller.joined()]);
  await caller.linkedTo(await shy.id());
  await placeCall(caller, await shy.id(), 'video');
  await shy.locate('answer-video').click();
  await shy.locate('media-problem').waitFor();
  await callState(caller, 'ringing');
  await shy.locate('media-try-none').click();
  await Promise.all([callState(shy, 'established'), callState(caller, 'established')]);
  await seesAndHears(shy);
});

scenario(
  'a machine without camera and microphone is named as that, and can still be called',
  async (world) => {
    const [a, b] = await world.openJoinedTabs(2, 1);
    await a!.linkedTo(await b!.id());
    await placeCall(a!, await b!.id(), 'video');
    await a!.locate('media-problem').waitFor();
    expect(await a!.locate('media-problem-text').textContent()).toMatch(/no camera|not find|no .*microphone|found/i);
    await a!.locate('media-cancel').click();
    await a!.locate('media-problem').waitFor({ state: 'detached' });
    expect(await a!.page.evaluate(() => window.skein.calls.filter((call) => call.state !== 'ended').length)).toBe(0);
  },
  { browser: { hasDevices: false } },
);
