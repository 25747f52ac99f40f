import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type MadeFile, hashBytes } from './files.ts';
import type { Tab } from './tab.ts';
import { type Picture, writeWebm } from './webm.ts';
import type { World } from './world.ts';

/** Size of a film's pictures. [pixels] */
const WIDTH = 320;
const HEIGHT = 180;

const PICTURES_PER_SECOND = 25;

/** Black, in the luma that videos carry, and how much brighter each second is. A film of 30 s stays below white, 235. */
const BLACK = 16;
const STEP = 7;

/** What a step is in the red, green and blue that a page sees: 219 levels of luma are 255 there. */
const SEEN_STEP = (STEP * 255) / 219;

/**
 * Makes a film of so many seconds, at most 30, with an index by which players seek. The left half of each picture says
 * which second it is of, see `shownSecond`; the right one is noise, so that the file is large: about 500 kB a second.
 * The browser of `tab` compresses it.
 */
export async function makeFilm(world: World, tab: Tab, name: string, seconds: number): Promise<MadeFile> {
  const pictures = await tab.page.evaluate(compressPictures, {
    width: WIDTH,
    height: HEIGHT,
    picturesPerSecond: PICTURES_PER_SECOND,
    count: seconds * PICTURES_PER_SECOND,
    black: BLACK,
    step: STEP,
  });
  const bytes = writeWebm({
    width: WIDTH,
    height: HEIGHT,
    picturesPerSecond: PICTURES_PER_SECOND,
    pictures: pictures.map(({ isKey, base64 }): Picture => ({ isKey, bytes: Buffer.from(base64, 'base64') })),
  });
  const path = join(world.files.path, name);
  await writeFile(path, bytes);
  return { path, name, size: bytes.length, sha256: hashBytes(bytes) };
}

/** Waits until the player has played a film of `makeFilm` beyond this second. */
export async function playsBeyond(tab: Tab, seconds: number): Promise<void> {
  await tab.until(
    `the film to play beyond ${seconds} s`,
    ({ wanted, width }) => {
      const video = document.querySelector('video');
      return video !== null && video.currentTime > wanted && video.error === null && video.videoWidth === width;
    },
    { wanted: seconds, width: WIDTH },
  );
}

/** Waits until the player shows a picture of a second from `first` to `last` of a film of `makeFilm`. */
export async function showsSecond(tab: Tab, first: number, last: number): Promise<void> {
  await tab.until(
    `a picture of second ${first} to ${last}`,
    ({ from, to, step, width, height }) => {
      const video = document.querySelector('video');
      if (!video || video.error || video.seeking || video.readyState < video.HAVE_CURRENT_DATA) return false;
      if (video.videoWidth !== width || video.videoHeight !== height) return false;
      const context = new OffscreenCanvas(width, height).getContext('2d')!;
      context.drawImage(video, 0, 0);
      const { data } = context.getImageData(width / 8, height / 4, width / 4, height / 2);
      let sum = 0;
      for (let at = 0; at < data.length; at += 4) sum += data[at]!;
      const second = Math.round(sum / (data.length / 4) / step);
      return from <= second && second <= to;
    },
    { from: first, to: last, step: SEEN_STEP, width: WIDTH, height: HEIGHT },
    { timeoutMs: 40_000 },
  );
}

interface PicturesWanted {
  readonly width: number;
  readonly height: number;
  readonly picturesPerSecond: number;
  readonly count: number;
  readonly black: number;
  readonly step: number;
}

/** Runs in a page: the pictures of a film in VP8. */
async function compressPictures({
  width,
  height,
  picturesPerSecond,
  count,
  black,
  step,
}: PicturesWanted): Promise<{ readonly isKey: boolean; readonly base64: string }[]> {
  const pictures: { readonly isKey: boolean; readonly base64: string }[] = [];
  const encoder = new VideoEncoder({
    output: (chunk) => {
      const bytes = new Uint8Array(chunk.byteLength);
      chunk.copyTo(bytes);
      let text = '';
      for (const byte of bytes) text += String.fromCharCode(byte);
      pictures.push({ isKey: chunk.type === 'key', base64: btoa(text) });
    },
    error: (error) => {
      throw error;
    },
  });
  encoder.configure({ codec: 'vp8', width, height, bitrate: 4_000_000, framerate: picturesPerSecond });
  // Luma of all pixels, and two planes of colour a quarter as large: none, as everything is grey.
  const planes = new Uint8Array((width * height * 3) / 2).fill(128);
  let noise = 1;
  for (let at = 0; at < count; at++) {
    const luma = black + Math.floor(at / picturesPerSecond) * step;
    for (let pixel = 0; pixel < width * height; pixel++) {
      // xorshift32: what cannot be foretold cannot be made small.
      noise ^= noise << 13;
      noise ^= noise >>> 17;
      noise ^= noise << 5;
      planes[pixel] = pixel % width < width / 2 ? luma : noise;
    }
    const timestamp = (at * 1_000_000) / picturesPerSecond;
    const frame = new VideoFrame(planes, { format: 'I420', codedWidth: width, codedHeight: height, timestamp });
    encoder.encode(frame, { keyFrame: at % picturesPerSecond === 0 });
    frame.close();
  }
  await encoder.flush();
  encoder.close();
  return pictures;
}
