import { hashToId } from '../../../../shared/src/ids.ts';
import { Outstanding } from '../outstanding.ts';
import type { PickerPeer } from '../picker.ts';

/** A peer that the picker does not know yet, and that was asked for nothing. `name`: 0 to 255, another for each. */
export function newPickerPeer(name: number): PickerPeer {
  return {
    id: hashToId(Uint8Array.of(name)),
    pieces: undefined,
    isCountedAsSeed: false,
    wanted: 0,
    outstanding: new Outstanding(),
    current: undefined,
    nothingAt: -1,
  };
}
