import { effect, untracked } from '@preact/signals';
import type { Node } from '../index.ts';
import { watchPasting } from './files/pasting.ts';
import { guardClosing } from './guard-closing.ts';
import { startTitle } from './page-title.ts';
import { wantedAddress, watchCalls } from './state/calls.ts';
import { paceDrawing } from './state/drawing.ts';
import { watchLookups } from './state/lookups.ts';
import { watchNetwork } from './state/network.ts';
import { hashLink, loadLanUrls, startPlace } from './state/place.ts';
import { node } from './state/session.ts';
import { startTicker } from './state/ticker.ts';
import { openFileLink, watchTransfers } from './state/transfers.ts';

/** Starts what the panels show, and follows the node, which may have run for a while already. */
export function startWatching(): void {
  guardClosing();
  paceDrawing();
  startTicker();
  startPlace();
  startTitle();
  watchPasting();
  watchLookups();
  effect(() => {
    const running = node.value;
    if (running) untracked(() => watch(running));
  });
  // Files are opened once there is a node; an address only fills its box, because calling is the person's own decision.
  effect(() => {
    const link = hashLink.value;
    if (link?.kind === 'file' && node.value) untracked(() => openFileLink(link));
    if (link?.kind === 'call') showAddress(link.address);
  });
}

function watch(running: Node): void {
  watchNetwork(running);
  watchTransfers(running);
  watchCalls(running);
  void loadLanUrls();
}

function showAddress(address: string): void {
  wantedAddress.value = address;
  document.getElementById('calls')?.scrollIntoView({ block: 'center' });
}
