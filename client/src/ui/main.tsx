import { effect, untracked } from '@preact/signals';
import { render } from 'preact';
import type { Node } from '../index.ts';
import { App } from './app.tsx';
import { prepareSound } from './calling/ringtone.ts';
import { guardClosing, guardErrors } from './guards.ts';
import { startTitle } from './page-title.ts';
import { readSettings } from './settings.ts';
import { wantedAddress, watchCalls } from './state/calls.ts';
import { watchNetwork } from './state/network.ts';
import { loadLater, warmUp } from './state/later.ts';
import { hashLink, loadLanUrls, startPlace } from './state/place.ts';
import { node, startSession } from './state/session.ts';
import { startTheme } from './state/theme.ts';
import { startTicker } from './state/ticker.ts';
import { openInfoHash, watchTransfers } from './state/transfers.ts';

guardErrors();
guardClosing();
startTheme();
startTicker();
startTitle();
startPlace();
prepareSound();

const settings = readSettings(location.search);
const root = document.getElementById('app');
if (root) render(<App wantsMemory={settings.storage === 'memory'} />, root);

effect(() => {
  const running = node.value;
  if (running) untracked(() => watch(running));
});

// Files are opened once there is a node; an address only fills its box, because calling is the person's own decision.
effect(() => {
  const link = hashLink.value;
  if (link?.kind === 'file' && node.value) untracked(() => openInfoHash(link.infoHash, link.name));
  if (link?.kind === 'call') showAddress(link.address);
});

void startSession(settings);
// Behind the load, so that it takes nothing from what the first picture and joining need.
if (document.readyState === 'complete') void loadLater();
else addEventListener('load', () => void loadLater(), { once: true });

function watch(running: Node): void {
  watchNetwork(running);
  watchTransfers(running);
  watchCalls(running);
  void loadLanUrls();
  warmUp();
}

function showAddress(address: string): void {
  wantedAddress.value = address;
  document.getElementById('calls')?.scrollIntoView({ block: 'center' });
}
