/** One compressed picture of a film. */
export interface Picture {
  readonly isKey: boolean;
  readonly bytes: Uint8Array;
}

/** What a film is made of. */
export interface Film {
  readonly width: number;
  readonly height: number;
  readonly picturesPerSecond: number;
  /** VP8, in order. Those at the beginning of a second are key pictures. */
  readonly pictures: readonly Picture[];
}

/** The element ids that a film needs. [RFC 9559 §5.1; EBML header: RFC 8794 §11.2] */
const ID = {
  ebml: 0x1a45dfa3,
  docType: 0x4282,
  docTypeVersion: 0x4287,
  docTypeReadVersion: 0x4285,
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  duration: 0x4489,
  muxingApp: 0x4d80,
  writingApp: 0x5741,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackUid: 0x73c5,
  trackType: 0x83,
  defaultDuration: 0x23e383,
  codecId: 0x86,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  cues: 0x1c53bb6b,
  cuePoint: 0xbb,
  cueTime: 0xb3,
  cueTrackPositions: 0xb7,
  cueTrack: 0xf7,
  cueClusterPosition: 0xf1,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
} as const;

/** Unit of every time in the file: a millisecond. [ns] */
const TIMESTAMP_SCALE_NS = 1_000_000;

/** Pictures on one track. */
const TRACK = 1;

/**
 * A film as a WebM file: a cluster a second, and in front of them the cues that say where each begins. So a player knows
 * how long it is, and which bytes to ask for when somebody seeks.
 */
export function writeWebm(film: Film): Buffer {
  const { picturesPerSecond, pictures } = film;
  const clusters: Buffer[] = [];
  for (let first = 0; first < pictures.length; first += picturesPerSecond) {
    clusters.push(clusterOf(pictures.slice(first, first + picturesPerSecond), clusters.length, picturesPerSecond));
  }
  const head = Buffer.concat([infoOf(film), tracksOf(film)]);
  // Positions count from the first byte inside of the segment, and are of a fixed length: the cues' own length is known.
  const cuesLength = cuesOf(clusters, 0).length;
  const segment = Buffer.concat([head, cuesOf(clusters, head.length + cuesLength), ...clusters]);
  const ebml = element(ID.ebml, [
    element(ID.docType, [Buffer.from('webm')]),
    element(ID.docTypeVersion, [uint(4)]),
    element(ID.docTypeReadVersion, [uint(2)]),
  ]);
  return Buffer.concat([ebml, element(ID.segment, [segment])]);
}

function infoOf({ pictures, picturesPerSecond }: Film): Buffer {
  const duration = Buffer.alloc(8);
  duration.writeDoubleBE((pictures.length * 1000) / picturesPerSecond);
  return element(ID.info, [
    element(ID.timestampScale, [uint(TIMESTAMP_SCALE_NS)]),
    element(ID.duration, [duration]),
    element(ID.muxingApp, [Buffer.from('skein-e2e')]),
    element(ID.writingApp, [Buffer.from('skein-e2e')]),
  ]);
}

function tracksOf({ width, height, picturesPerSecond }: Film): Buffer {
  const entry = element(ID.trackEntry, [
    element(ID.trackNumber, [uint(TRACK)]),
    element(ID.trackUid, [uint(TRACK)]),
    element(ID.trackType, [uint(1)]),
    // Who is not told how long a picture stands reads two seconds of the film to find out.
    element(ID.defaultDuration, [uint(1e9 / picturesPerSecond)]),
    element(ID.codecId, [Buffer.from('V_VP8')]),
    element(ID.video, [element(ID.pixelWidth, [uint(width)]), element(ID.pixelHeight, [uint(height)])]),
  ]);
  return element(ID.tracks, [entry]);
}

function cuesOf(clusters: readonly Buffer[], begin: number): Buffer {
  let position = begin;
  const points = clusters.map((cluster, second) => {
    const place = element(ID.cueTrackPositions, [
      element(ID.cueTrack, [uint(TRACK)]),
      element(ID.cueClusterPosition, [uint(position)]),
    ]);
    position += cluster.length;
    return element(ID.cuePoint, [element(ID.cueTime, [uint(second * 1000)]), place]);
  });
  return element(ID.cues, points);
}

function clusterOf(pictures: readonly Picture[], second: number, picturesPerSecond: number): Buffer {
  const blocks = pictures.map(({ isKey, bytes }, at) => {
    // Track number, time since the cluster's, and the flag of a key picture. [RFC 9559 §10.2]
    const head = Buffer.from([0x80 | TRACK, 0, 0, isKey ? 0x80 : 0]);
    head.writeInt16BE(Math.round((at * 1000) / picturesPerSecond), 1);
    return element(ID.simpleBlock, [head, bytes]);
  });
  return element(ID.cluster, [element(ID.timestamp, [uint(second * 1000)]), ...blocks]);
}

/** An element with its length in eight bytes. [RFC 8794 §4] */
function element(id: number, parts: readonly Uint8Array[]): Buffer {
  const hex = id.toString(16);
  const head = Buffer.alloc(hex.length / 2 + 8);
  head.write(hex, 'hex');
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  head.writeBigUInt64BE(BigInt(length) | (1n << 56n), hex.length / 2);
  return Buffer.concat([head, ...parts]);
}

/** A whole number, always in eight bytes. */
function uint(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
