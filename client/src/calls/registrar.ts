import { Reader, Writer, utf8Encode } from '../../../shared/src/bytes.ts';
import { ID_BYTES, nodeIdFromBytes, type Key, type NodeId } from '../../../shared/src/ids.ts';
import { MAX_DEVICES, MAX_LOCATION_BYTES } from '../../../shared/src/limits/calls.ts';
import { MAX_NAME_BYTES } from '../../../shared/src/limits/links.ts';
import { ownedKey } from '../../../shared/src/owned-key.ts';
import type { MediaChoice } from './types.ts';

/** Where the devices of an address are: what REGISTER puts into the overlay (after RFC 7904 §3.2). */
export interface Location {
  /** 1 to `MAX_DEVICES` different ids, the preferred ones first. */
  readonly devices: readonly NodeId[];
  /** What the devices can send and show. */
  readonly capabilities: MediaChoice;
  /** Display name, at most 64 bytes of UTF-8. */
  readonly name: string;
}

const LOCATION_VERSION = 1;

/** The name of location records among their owner's: with it, holders let nobody else have the key. */
export const LOCATION_SALT = utf8Encode('skein aor');

/** The overlay key under which the owner of an address of record registers. Only a record it signed itself counts. */
export function locationKey(address: NodeId): Key {
  return ownedKey(address, LOCATION_SALT);
}

export function encodeLocation(location: Location): Uint8Array {
  const { audio, video } = location.capabilities;
  const writer = new Writer(ID_BYTES * location.devices.length + MAX_NAME_BYTES + 4)
    .u8(LOCATION_VERSION)
    .u8((audio ? 1 : 0) | (video ? 2 : 0))
    .text8(location.name)
    .u8(location.devices.length);
  for (const device of location.devices) writer.hex(device);
  return writer.done();
}

/** Decodes a location. Total: undefined for another version, a repeated device, or anything over its caps. */
export function decodeLocation(bytes: Uint8Array): Location | undefined {
  if (bytes.length > MAX_LOCATION_BYTES) return undefined;
  const reader = new Reader(bytes);
  const version = reader.u8();
  const bits = reader.u8();
  const name = reader.text8();
  const count = reader.u8();
  if (!reader.ok || version !== LOCATION_VERSION || bits > 3) return undefined;
  if (count < 1 || count > MAX_DEVICES || utf8Encode(name).length > MAX_NAME_BYTES) return undefined;
  const devices = new Set<NodeId>();
  for (let i = 0; i < count; i++) devices.add(nodeIdFromBytes(reader.bytes(ID_BYTES)));
  if (!reader.atEnd() || devices.size !== count) return undefined;
  return { devices: [...devices], capabilities: { audio: (bits & 1) !== 0, video: (bits & 2) !== 0 }, name };
}
