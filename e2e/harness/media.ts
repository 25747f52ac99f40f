import { deterministicBytes, hashBytes } from './files.ts';
import type { Tab } from './tab.ts';

/** What a player is answered: the head, and of the body as much as was asked for. */
export interface MediaReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly length: number;
  readonly sha256: string;
}

/** Asks for a file of a share or download by its address, as a player does, with this `Range` header. */
export function askForMedia(tab: Tab, infoHash: string, path: string, range: string | undefined): Promise<MediaReply> {
  return tab.page.evaluate(
    async ({ hash, name, value }) => {
      const download = window.skein.downloads.find((each) => each.infoHash === hash);
      const files = download?.files() ?? window.skein.shares.find((each) => each.infoHash === hash)?.files ?? [];
      const url = await files.find((file) => file.path === name)?.mediaUrl();
      const response = await fetch(url ?? '', { headers: value === undefined ? {} : { range: value } });
      const bytes = await response.arrayBuffer();
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        length: bytes.byteLength,
        sha256: [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
      };
    },
    { hash: infoHash, name: path, value: range },
  );
}

/** A part of a file that `FileFolder.make` makes of this size and seed. */
export function partHash(size: number, seed: number, begin: number, end: number): string {
  return hashBytes(deterministicBytes(size, seed).subarray(begin, end));
}

/** Shares a film of about `ms` that the page itself records: noise that moves, so that it is large. Returns its info-hash. */
export function shareFilm(tab: Tab, name: string, ms: number): Promise<string> {
  return tab.page.evaluate(
    async ({ fileName, lastsMs }) => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 180 });
      const context = canvas.getContext('2d')!;
      const image = context.createImageData(320, 180);
      const pixels = new Uint32Array(image.data.buffer);
      let noise = 1;
      const draw = (): void => {
        // xorshift32: what cannot be foretold cannot be made small.
        for (let at = 0; at < pixels.length; at++) {
          noise ^= noise << 13;
          noise ^= noise >>> 17;
          noise ^= noise << 5;
          pixels[at] = noise | 0xff000000;
        }
        context.putImageData(image, 0, 0);
      };
      draw();
      const recorder = new MediaRecorder(canvas.captureStream(25), {
        mimeType: 'video/webm;codecs=vp8',
        videoBitsPerSecond: 4_000_000,
      });
      const parts: Blob[] = [];
      recorder.ondataavailable = ({ data }) => parts.push(data);
      const stopped = new Promise((resolve) => (recorder.onstop = resolve));
      recorder.start(200);
      const startedAt = performance.now();
      await new Promise<void>((resolve) => {
        const next = (): void => {
          draw();
          if (performance.now() - startedAt >= lastsMs) resolve();
          else setTimeout(next, 40);
        };
        next();
      });
      recorder.stop();
      await stopped;
      const share = await window.skein.share([new File(parts, fileName, { type: 'video/webm' })]);
      return share.infoHash;
    },
    { fileName: name, lastsMs: ms },
  );
}
