import { expect } from 'vitest';
import { scenario } from '../harness/scenario.ts';
import type { Tab } from '../harness/tab.ts';
import { limitUploads } from '../harness/transfers.ts';
import type { World } from '../harness/world.ts';

const MB = 1_000_000;

/** Slow enough that a test can act in the middle of a small download. [bytes/s] */
const SLOW = MB;

async function openPair(world: World): Promise<[Tab, Tab]> {
  const [a, b] = await world.openJoinedTabs(2, 1);
  return [a!, b!];
}

/** Shares made-up files by the public door; resolves to the link. */
function shareMade(tab: Tab, files: readonly { readonly name: string; readonly size: number }[]): Promise<string> {
  return tab.page.evaluate(async (made) => {
    const list = made.map(({ name, size }, at) => new File([new Uint8Array(size).fill(at + 1)], name));
    return (await window.skein.share(list)).magnet;
  }, files);
}

scenario('files without a byte, alone or among others, are shared, downloaded and read', async (world) => {
  const [giver, taker] = await openPair(world);
  for (const sizes of [[0], [0, 0], [0, 5, 0]]) {
    const link = await shareMade(
      giver,
      sizes.map((size, at) => ({ name: `${sizes.length} ${at}.bin`, size })),
    );
    const read = await taker.page.evaluate(async (magnet) => {
      const download = window.skein.download(magnet);
      await download.done;
      return await Promise.all(
        download.files().map(async (file) => {
          const streamed = await new Response(file.stream()).arrayBuffer();
          return [file.size, (await file.blob()).size, streamed.byteLength];
        }),
      );
    }, link);
    expect(read).toEqual(sizes.map((size) => [size, size, size]));
  }
});

scenario('names that no file system takes are made such as it takes, and files come out', async (world) => {
  const [giver, taker] = await openPair(world);
  const names = ['x'.repeat(5_000), '猫'.repeat(2_000), '..', 'a/b', '\0', '\ud800'];
  const link = await shareMade(
    giver,
    names.map((name) => ({ name, size: 3 })),
  );
  const paths = await taker.page.evaluate(async (magnet) => {
    const download = window.skein.download(magnet);
    await download.done;
    return download.files().map(({ path }) => path);
  }, link);
  expect(paths).toHaveLength(names.length);
  expect(new Set(paths).size).toBe(names.length);
  for (const path of paths) {
    for (const part of path.split('/')) {
      expect(new TextEncoder().encode(part).length).toBeLessThanOrEqual(255);
      expect(part).not.toMatch(/^\.{0,2}$|[\\\0]/);
    }
  }
});

scenario('streams that are read half and dropped, or left by break, keep nobody else from reading', async (world) => {
  const [giver, taker] = await openPair(world);
  const link = await shareMade(giver, [{ name: 'half.bin', size: 3 * MB }]);
  const lengths = await taker.page.evaluate(async (magnet) => {
    const download = window.skein.download(magnet);
    await download.done;
    const [file] = download.files();
    const seen: number[] = [];
    for (let at = 0; at < 40; at++) {
      const reader = file!.stream().getReader();
      await reader.read();
      if (at % 2 === 0) await reader.cancel();
    }
    for (let at = 0; at < 20; at++) {
      for await (const chunk of file!.stream() as unknown as AsyncIterable<Uint8Array>) {
        seen.push(chunk.length);
        break;
      }
    }
    seen.push((await new Response(file!.stream()).arrayBuffer()).byteLength);
    return seen;
  }, link);
  expect(lengths.at(-1)).toBe(3 * MB);
  expect(lengths.slice(0, -1).every((length) => length > 0)).toBe(true);
});

scenario(
  'what is read of a download when its node leaves, or when it is removed, ends with the reason',
  async (world) => {
    const [giver, taker] = await openPair(world);
    await limitUploads(giver, SLOW);
    const link = await shareMade(giver, [{ name: 'slow.bin', size: 20 * MB }]);
    const codes = await taker.page.evaluate(async (magnet) => {
      const codeOf = (work: Promise<unknown>): Promise<string> =>
        work.then(
          () => 'done',
          (error: { readonly code: string }) => error.code,
        );
      const readAll = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
        const reader = stream.getReader();
        while (!(await reader.read()).done) continue;
      };
      const begin = async (): Promise<{ read: Promise<string>; done: Promise<string>; remove(): Promise<void> }> => {
        const download = window.skein.download(magnet);
        for await (const { doneBytes } of download) if (doneBytes > 0) break;
        const read = codeOf(readAll(download.files()[0]!.stream()));
        return { read, done: codeOf(download.done), remove: () => download.remove() };
      };
      const first = await begin();
      await first.remove();
      const second = await begin();
      await window.skein.leave();
      return [await first.read, await first.done, await second.read, await second.done];
    }, link);
    expect(codes).toEqual(['not-found', 'aborted', 'left', 'left']);
  },
);

scenario('a signal ends a download or the hashing of a share at every moment until it is done', async (world) => {
  const [giver, taker] = await openPair(world);
  await limitUploads(giver, SLOW);
  const link = await shareMade(giver, [{ name: 'aborted.bin', size: 5 * MB }]);
  const downloads = await taker.page.evaluate(async (magnet) => {
    const outcomes: string[] = [];
    for (const ms of [0, 1, 5, 20, 100, 500]) {
      const download = window.skein.download(magnet, { signal: AbortSignal.timeout(ms) });
      await download.done.catch((error: { readonly code: string }) => outcomes.push(error.code));
      outcomes.push(download.state);
    }
    return [outcomes, window.skein.downloads.length] as const;
  }, link);
  expect(downloads).toEqual([Array.from({ length: 6 }, () => ['aborted', 'removed']).flat(), 0]);
  const shares = await taker.page.evaluate(async () => {
    const outcomes: string[] = [];
    for (const ms of [0, 1, 5, 20]) {
      const file = new File([new Uint8Array(60_000_000).fill(ms)], 'hashed.bin');
      await window.skein.share([file], { signal: AbortSignal.timeout(ms) }).then(
        (share) => share.stop(),
        (error: { readonly code: string }) => outcomes.push(error.code),
      );
    }
    return [outcomes, window.skein.shares.length] as const;
  });
  expect(new Set(shares[0])).toEqual(new Set(['aborted']));
  expect(shares[1]).toBe(0);
  const last = await taker.page.evaluate(async () => {
    const stop = new AbortController();
    const share = await window.skein.share([new File(['here'], 'here.txt')], { signal: stop.signal });
    stop.abort();
    return [await (await share.files[0]!.blob()).text(), window.skein.shares.length] as const;
  });
  expect(last).toEqual(['here', 1]);
});

scenario(
  'the same files are one share, however often and at once they are shared, and two under two names',
  async (world) => {
    const [giver, taker] = await openPair(world);
    const counts = await giver.page.evaluate(async () => {
      const file = new File(['the same'], 'same.txt');
      const [a, b, c] = await Promise.all([
        window.skein.share([file]),
        window.skein.share([file]),
        window.skein.share([file], { name: 'other' }),
      ]);
      const isOne = a === b;
      await a.stop();
      const left = window.skein.shares.map(({ name }) => name);
      const again = await window.skein.share([file]);
      return { isOne, left, isAnother: again !== a, magnets: [again.magnet, c.magnet] };
    });
    expect(counts).toMatchObject({ isOne: true, left: ['other'], isAnother: true });
    for (const magnet of counts.magnets) {
      const text = await taker.page.evaluate(async (link) => {
        const download = window.skein.download(link);
        await download.done;
        return await (await download.files()[0]!.blob()).text();
      }, magnet);
      expect(text).toBe('the same');
    }
  },
);

scenario(
  'a file that is being saved when its download is removed is saved whole or fails, and cannot be read afterwards',
  async (world) => {
    const giver = await world.openTab();
    const taker = await world.openTab({ context: await world.newDiskProfile() });
    await Promise.all([giver.joined(1), taker.joined(1)]);
    const link = await shareMade(giver, [{ name: 'saved.bin', size: 20 * MB }]);
    const outcome = await taker.page.evaluate(async (magnet) => {
      const download = window.skein.download(magnet);
      await download.done;
      const [file] = download.files();
      const saving = (await file!.blob()).arrayBuffer().then(
        ({ byteLength }) => byteLength,
        (error: { readonly name: string }) => error.name,
      );
      const readAll = async (reader: ReadableStreamDefaultReader<Uint8Array>): Promise<number> => {
        let length = 0;
        for (let read = await reader.read(); !read.done; read = await reader.read()) length += read.value.length;
        return length;
      };
      const streaming = readAll(file!.stream().getReader()).catch((error: { readonly code: string }) => error.code);
      const held = await file!.blob();
      await download.remove();
      const later = await held.arrayBuffer().then(
        ({ byteLength }) => byteLength,
        (error: { readonly name: string }) => error.name,
      );
      return [await saving, await streaming, window.skein.downloads.length, later];
    }, link);
    expect([20 * MB, 'NotReadableError', 'NotFoundError']).toContain(outcome[0]);
    expect([20 * MB, 'not-found', 'storage-failed']).toContain(outcome[1]);
    expect(outcome[2]).toBe(0);
    expect(outcome[3]).toMatch(/^Not(Found|Readable)Error$/);
  },
  { needsChromium: true },
);
