import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { callState, placeCall, putAway, seesAndHears } from '../harness/calls.ts';
import { NatLab, type Person, type PersonOptions, type Relay } from '../harness/nat-lab.ts';
import type { Nat } from '../harness/nat-network.ts';

const MB = 1_000_000;

/** Finding out that a pair has no path takes ICE some 15 s, and the page tries again once. [ms] */
const NO_PATH_MS = 60_000;

/** A lab for the tests of one `describe`, with people behind routers of these kinds who have linked to at least one. */
function useLab(
  nats: readonly Nat[],
  { relay = 'none', ...person }: PersonOptions & { readonly relay?: Relay } = {},
): { readonly lab: NatLab; readonly people: Person[] } {
  const used = {} as { lab: NatLab; people: Person[] };
  beforeAll(async () => {
    used.lab = await NatLab.open(relay);
    used.people = await Promise.all(nats.map((nat) => used.lab.join(nat, person)));
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await used.lab.dump(task.name);
  });
  afterAll(() => used.lab?.close());
  return used;
}

/** How the link to a peer goes, as the page says; undefined without a link. */
function pathTo(person: Person, id: string): Promise<string | undefined> {
  return person.tab.page.evaluate((peer) => window.skein.links().find((link) => link.id === peer)?.path, id);
}

/** Waits until a link to a peer goes this way, as the page says: it reads that of its links a moment after they open. */
function linkedBy({ tab }: Person, id: string, path: 'direct' | 'turn'): Promise<void> {
  return tab.until(
    `a link to ${id}, ${path}`,
    ({ peer, way }) => window.skein.links().some((link) => link.id === peer && link.path === way),
    { peer: id, way: path },
  );
}

/** One shares a file by the page, the other opens its link. */
async function handOver(lab: NatLab, giver: Person, taker: Person, name: string): Promise<void> {
  const file = await lab.files.make(name, 3 * MB);
  const infoHash = await giver.tab.share([file.path]);
  await taker.tab.openLink(await giver.tab.shareLink(infoHash));
  await taker.tab.downloaded(infoHash, NO_PATH_MS);
  expect((await taker.tab.save(infoHash)).sha256).toBe(file.sha256);
}

async function callAndTalk(caller: Person, callee: Person): Promise<void> {
  await placeCall(caller.tab, await callee.tab.id(), 'video');
  await callee.tab.locate('answer-video').click();
  await Promise.all([callState(caller.tab, 'established'), callState(callee.tab, 'established')]);
  await Promise.all([seesAndHears(caller.tab), seesAndHears(callee.tab)]);
}

async function hangUp(one: Person, other: Person): Promise<void> {
  await one.tab.locate('hang-up').click();
  for (const { tab } of [one, other]) {
    await callState(tab, 'ended');
    await putAway(tab);
  }
}

/** A call that a mishap interrupts at both ends, and that goes on by itself. */
async function talkThrough(caller: Person, callee: Person, mishap: () => void): Promise<void> {
  await callAndTalk(caller, callee);
  mishap();
  const isInterrupted = (): unknown => window.skein.calls[0]?.detail?.includes('interrupted');
  const both = [caller.tab, callee.tab];
  await Promise.all(both.map((tab) => tab.until('the call to be interrupted', isInterrupted, undefined)));
  await Promise.all(both.map((tab) => seesAndHears(tab)));
  const states = await caller.tab.page.evaluate(() => window.skein.calls.map(({ state }) => state));
  expect(states).toEqual(['established']);
  await hangUp(caller, callee);
}

describe.skipIf(!NatLab.isPossible())('people behind port-restricted routers, as at most homes', () => {
  const used = useLab(['port-restricted', 'port-restricted']);

  test('link directly', async () => {
    const [a, b] = used.people as [Person, Person];
    await linkedBy(a, await b.tab.id(), 'direct');
  });

  test('hand files over', async () => {
    const [a, b] = used.people as [Person, Person];
    await handOver(used.lab, a, b, 'through two routers.bin');
  });

  test('see and hear each other', async () => {
    const [a, b] = used.people as [Person, Person];
    await callAndTalk(a, b);
    await hangUp(b, a);
  });

  test('go on with their call when a provider gives one of them another address', async () => {
    const [a, b] = used.people as [Person, Person];
    await talkThrough(a, b, () => used.lab.network.renumber(a.host));
  });

  test('link again when a provider gives one of them another address', async () => {
    const [a, b] = used.people as [Person, Person];
    // The test before may have left them without.
    await a.tab.linkedTo(await b.tab.id(), NO_PATH_MS);
    const linkedAgain = a.tab.page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          window.skein.on('unlink', () => window.skein.on('link', () => resolve()));
        }),
    );
    used.lab.network.renumber(a.host);
    await linkedAgain;
    await linkedBy(a, await b.tab.id(), 'direct');
  });
});

describe.skipIf(!NatLab.isPossible())('a person who walks out of the house with the phone in the hand', () => {
  const used = useLab(['port-restricted', 'full-cone']);

  test('goes on with a call from the mobile network', async () => {
    const [phone, other] = used.people as [Person, Person];
    await talkThrough(phone, other, () => used.lab.network.roam(phone.host));
  });

  test('is linked again, and files go over', async () => {
    const [phone, other] = used.people as [Person, Person];
    await phone.tab.linkedTo(await other.tab.id(), NO_PATH_MS);
    await handOver(used.lab, other, phone, 'on the way.bin');
  });
});

describe.skipIf(!NatLab.isPossible())('two devices at home, whose browsers hide their addresses', () => {
  const used = useLab(['port-restricted'], { hidesAddresses: true });

  test('link directly, though the router does not lead back in what it sent out', async () => {
    const [first] = used.people as [Person];
    const second = await used.lab.join(first.nat, { beside: first, hidesAddresses: true });
    await first.tab.linkedTo(await second.tab.id());
    const names = await first.tab.page.evaluate(() =>
      window.connections.flatMap((each) => each.localDescription?.sdp.match(/\S+\.local /g) ?? []),
    );
    expect(names).not.toEqual([]);
    await linkedBy(first, await second.tab.id(), 'direct');
    await handOver(used.lab, first, second, 'at home.bin');
  });
});

describe.skipIf(!NatLab.isPossible())('two people whose routers let no direct path through, and a third', () => {
  const used = useLab(['symmetric', 'symmetric', 'open']);

  test('all link to the third, and the page says why not to each other', async () => {
    const [a, b, third] = used.people as [Person, Person, Person];
    for (const person of [a, b]) await person.tab.linkedTo(await third.tab.id());
    await a.tab.until(
      'to know, and to say, that there is no path',
      (peer) =>
        window.skein.contacts().some(({ id, virtual }) => id === peer && virtual) && window.skein.status.linkProblem,
      await b.tab.id(),
      { timeoutMs: NO_PATH_MS },
    );
    expect(await pathTo(a, await b.tab.id())).toBeUndefined();
    const { linkProblem } = await a.tab.page.evaluate(() => window.skein.status);
    expect(linkProblem).toMatchObject({ code: 'ice-failed', message: expect.stringMatching(/no relay/) });
  });

  test('find each other by lookups, and send messages, through the third', async () => {
    const [a, b] = used.people as [Person, Person];
    const [idOfA, idOfB] = await Promise.all([a.tab.id(), b.tab.id()]);
    const found = await a.tab.page.evaluate((id) => window.skein.lookup(id), idOfB);
    expect(found.closest[0]).toBe(idOfB);
    const heard = b.tab.page.evaluate(
      () =>
        new Promise<string>((resolve) => {
          window.skein.on('message', ({ from, bytes }) => resolve(`${from} ${new TextDecoder().decode(bytes)}`));
        }),
    );
    const count = await a.tab.page.evaluate((id) => window.skein.sendTo(id, new TextEncoder().encode('hello')), idOfB);
    expect(count).toBe(1);
    expect(await heard).toBe(`${idOfA} hello`);
  });

  test('have what the other shares once the third downloads it, too', async () => {
    const [a, b, third] = used.people as [Person, Person, Person];
    const file = await used.lab.files.make('around a router.bin', 3 * MB);
    const infoHash = await a.tab.share([file.path]);
    const link = await a.tab.shareLink(infoHash);
    await b.tab.openLink(link);
    await third.tab.openLink(link);
    await Promise.all([b, third].map(({ tab }) => tab.downloaded(infoHash, NO_PATH_MS)));
    expect((await b.tab.save(infoHash)).sha256).toBe(file.sha256);
  });
});

describe.skipIf(!NatLab.isPossible())('two people whose routers let no direct path through, with IPv6', () => {
  const used = useLab(['symmetric', 'symmetric'], { hasIpv6: true });

  test('link directly by that', async () => {
    const [a, b] = used.people as [Person, Person];
    await linkedBy(a, await b.tab.id(), 'direct');
  });
});

describe.skipIf(!NatLab.isPossible())('two people whose routers let no direct path through, with a TURN server', () => {
  const used = useLab(['symmetric', 'symmetric'], { relay: 'udp' });

  test('link through it', async () => {
    const [a, b] = used.people as [Person, Person];
    await linkedBy(a, await b.tab.id(), 'turn');
  });

  test('see and hear each other', async () => {
    const [a, b] = used.people as [Person, Person];
    await callAndTalk(a, b);
  });
});

describe.skipIf(!NatLab.isPossible())('somebody whose network lets no UDP through, with a TURN server for TCP', () => {
  const used = useLab(['udp-blocked', 'port-restricted'], { relay: 'tcp' });

  test('links through it', async () => {
    const [a, b] = used.people as [Person, Person];
    await linkedBy(a, await b.tab.id(), 'turn');
  });

  test('hands files over', async () => {
    const [a, b] = used.people as [Person, Person];
    await handOver(used.lab, a, b, 'by TCP.bin');
  });
});

describe.skipIf(!NatLab.isPossible())('people who open the page by plain http, as from a phone at home', () => {
  const used = useLab(['open', 'open'], { isSecure: false });

  test('link, and the page says what is missing', async () => {
    const [a, b] = used.people as [Person, Person];
    await a.tab.linkedTo(await b.tab.id());
    expect(await a.tab.page.evaluate(() => window.skein.status)).toMatchObject({ secure: false, storage: 'memory' });
    await a.tab.page.getByText('This address is not secure').waitFor();
    // https is not to be had at this port.
    expect(await a.tab.locate('notice-action').count()).toBe(0);
  });

  test('look records up', async () => {
    const [a, b] = used.people as [Person, Person];
    await a.tab.page.evaluate(() => window.skein.put('a note', new TextEncoder().encode('here')));
    const text = await b.tab.page.evaluate(async () => new TextDecoder().decode(await window.skein.get('a note')));
    expect(text).toBe('here');
  });

  test('copy the link of a file, and hand it over', async () => {
    const [a, b] = used.people as [Person, Person];
    await handOver(used.lab, a, b, 'by plain http.bin');
    const copy = a.tab.page.getByTestId('share-row').getByRole('button', { name: 'Copy' });
    await copy.click();
    await a.tab.page.getByTestId('share-row').getByRole('button', { name: 'Copied' }).waitFor();
  });

  test('are told why they cannot call', async () => {
    const [a, b] = used.people as [Person, Person];
    await placeCall(a.tab, await b.tab.id(), 'audio');
    await a.tab.page.getByText('no access to the microphone on a page that is not secure').waitFor();
    expect([...a.tab.complaints, ...b.tab.complaints]).toEqual([]);
  });
});
