import type { LabPeer } from './lab.ts';

/** Turns every bit of a block: what a peer sends that lies. */
export function flip(_piece: number, _begin: number, block: Uint8Array): Uint8Array {
  return block.map((byte) => byte ^ 0xff);
}

/** What is wrong with peers that should have everything, have said so once, and hold no buffer; empty when nothing is. */
export function flawsOf(peers: readonly LabPeer[]): string[] {
  return peers.flatMap((peer, at) => {
    const completions = peer.events.filter(({ kind }) => kind === 'complete').length;
    const flaws = [
      !peer.isComplete && 'is not complete',
      !peer.hasIdenticalBytes && 'has other bytes',
      peer.buffers.size > 0 && `holds ${peer.buffers.size} buffers`,
      completions !== 1 && `was complete ${completions} times`,
    ];
    return flaws.filter((flaw) => flaw !== false).map((flaw) => `peer ${at} ${flaw}`);
  });
}
