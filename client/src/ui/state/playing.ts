import { signal } from '@preact/signals';
import type { Download, Share, ShareFile } from '../../index.ts';

/** A file that is in the player. */
interface Playing {
  readonly item: Share | Download;
  readonly file: ShareFile;
}

/** The one file that the page plays; undefined while it plays none. */
export const playing = signal<Playing | undefined>();

/** The player's code, once a file was to be played. */
export const playerCode = signal<typeof import('../files/player.tsx') | undefined>();

/** What had the focus when playing began, and gets it back. */
let opener: HTMLElement | undefined;

/** Plays a file in place of what was played before. */
export function play(item: Share | Download, file: ShareFile): void {
  opener = document.activeElement instanceof HTMLElement ? document.activeElement : undefined;
  playing.value = { item, file };
  void loadPlayer();
}

export function stopPlaying(): void {
  playing.value = undefined;
  if (opener?.isConnected) opener.focus();
  opener = undefined;
}

/**
 * Fetches what playing takes, code and service worker, so that it works after the server is gone, too. What goes wrong is
 * said when something is played.
 */
export async function preparePlaying(file: ShareFile): Promise<void> {
  await Promise.allSettled([loadPlayer(), file.mediaUrl()]);
}

async function loadPlayer(): Promise<void> {
  try {
    playerCode.value ??= await import('../files/player.tsx');
  } catch {
    // The server is gone: the player's place says so until another press of the button finds it back.
  }
}
