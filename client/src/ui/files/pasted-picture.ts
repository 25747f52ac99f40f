import type { DroppedFiles } from './dropped-files.ts';

/** What browsers call a picture of the clipboard, whatever it shows. Measured: Chromium 156, Firefox 153. */
const PICTURE_NAME = 'image.png';

/** A file of the disk is older than this; a picture of the clipboard becomes a file as it is pasted. [ms] */
const NEW_MS = 5000;

/**
 * Gives a picture of the clipboard a name of its own, by the time in this place: all of them have the same otherwise, and one who
 * gets two cannot tell them apart. Files of the disk keep theirs.
 */
export function namePicture(pasted: DroppedFiles, now: Date): DroppedFiles {
  const [file] = pasted.files;
  if (pasted.files.length !== 1 || !file || !isPicture(file, pasted, now)) return pasted;
  const { type, lastModified } = file;
  return { ...pasted, files: [new File([file], `Picture ${timeText(now)}.png`, { type, lastModified })] };
}

function isPicture(file: File, { handles }: DroppedFiles, now: Date): boolean {
  return file.name === PICTURE_NAME && !handles?.has(file) && now.getTime() - file.lastModified < NEW_MS;
}

/** As `2026-11-30 09.05.03`: sorts by time, and no file system minds it. */
function timeText(time: Date): string {
  const two = (part: number): string => String(part).padStart(2, '0');
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  return `${date} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join('.')}`;
}
