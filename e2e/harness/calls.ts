import { setTimeout as sleep } from 'node:timers/promises';
import type { Tab } from './tab.ts';

/** What a call's media has brought so far, by the browser's own statistics. */
export interface MediaFigures {
  readonly framesDecoded: number;
  readonly audioEnergy: number;
  readonly audioBytes: number;
  readonly relayedPairs: number;
}

/** Sums what all open connections of a tab have received. Only calls carry media. */
export function mediaFigures(tab: Tab): Promise<MediaFigures> {
  return tab.page.evaluate(async () => {
    let [framesDecoded, audioEnergy, audioBytes, relayedPairs] = [0, 0, 0, 0];
    for (const connection of window.connections) {
      if (connection.connectionState === 'closed') continue;
      const report = await connection.getStats();
      for (const entry of report.values() as IterableIterator<Record<string, unknown>>) {
        if (entry['type'] === 'inbound-rtp') {
          framesDecoded += Number(entry['framesDecoded'] ?? 0);
          audioEnergy += Number(entry['totalAudioEnergy'] ?? 0);
          if (entry['kind'] === 'audio') audioBytes += Number(entry['bytesReceived'] ?? 0);
        }
        if (entry['type'] !== 'candidate-pair' || entry['nominated'] !== true) continue;
        const local = report.get(String(entry['localCandidateId'])) as { candidateType?: string } | undefined;
        if (local?.candidateType === 'relay') relayedPairs++;
      }
    }
    return { framesDecoded, audioEnergy, audioBytes, relayedPairs };
  });
}

/** Waits until a tab decodes video frames, not only one, and hears sound. */
export async function seesAndHears(tab: Tab): Promise<void> {
  await watchMedia(tab, (before, now) => now.framesDecoded > before.framesDecoded + 5 && now.audioEnergy > 0);
}

/** Waits until a tab decodes video frames. */
export async function sees(tab: Tab): Promise<void> {
  await watchMedia(tab, (before, now) => now.framesDecoded > before.framesDecoded + 5);
}

/** Waits until a tab hears sound. */
export async function hears(tab: Tab): Promise<void> {
  await watchMedia(tab, (before, now) => now.audioEnergy > before.audioEnergy);
}

/** How long media may take to flow. [ms] */
const MEDIA_TIMEOUT_MS = 20_000;

/** How often it is looked at. [ms] */
const LOOK_MS = 50;

async function watchMedia(tab: Tab, isEnough: (before: MediaFigures, now: MediaFigures) => boolean): Promise<void> {
  const before = await mediaFigures(tab);
  const giveUpAt = performance.now() + MEDIA_TIMEOUT_MS;
  let now = before;
  while (!isEnough(before, now)) {
    if (performance.now() > giveUpAt) {
      throw new Error(`no media: ${JSON.stringify(before)}, then ${JSON.stringify(now)}`);
    }
    // Not a frame of the page: hidden ones have none.
    await sleep(LOOK_MS);
    now = await mediaFigures(tab);
  }
}

/** Presses the button of the person `id` that places a call. */
export async function placeCall(tab: Tab, id: string, kind: 'audio' | 'video'): Promise<void> {
  await tab.page.locator(`[data-testid="person-row"][data-peer-id="${id}"]`).getByTestId(`call-${kind}`).click();
}

export async function callState(tab: Tab, state: 'trying' | 'ringing' | 'established' | 'ended'): Promise<void> {
  await tab.page.locator(`[data-testid="call-panel"][data-state="${state}"]`).first().waitFor({ timeout: 20_000 });
}

/** Closes the panel of a call that is over, so that the next call starts from an empty page. */
export async function putAway(tab: Tab): Promise<void> {
  const close = tab.locate('call-close');
  if (await close.first().isVisible()) await close.first().click();
  await tab.locate('call-panel').first().waitFor({ state: 'detached' });
}
