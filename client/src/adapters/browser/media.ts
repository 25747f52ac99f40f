import { MediaError, type MediaKinds, type MediaPort } from '../../ports/media.ts';

/**
 * What cameras are asked for. A call starts at about 300 kbit/s, which carries this size at once; of a larger picture
 * the browser drops frames until it has found a scale that fits. Measured from the connection to the first decoded frame
 * on two cores under heavy load, ten calls each: median 50 ms (44 to 500) with 640 × 360, 2 s (0.2 to 7.6) with 1280 × 720.
 */
const CAMERA: MediaTrackConstraints = {
  width: { ideal: 640 },
  height: { ideal: 360 },
  frameRate: { ideal: 30, max: 30 },
};

/** The browser's microphones, cameras and peer connections. */
export class BrowserMedia implements MediaPort {
  async open(kinds: MediaKinds): Promise<MediaStreamTrack[]> {
    if (!kinds.audio && !kinds.video) return [];
    // Typed as always there, but absent where the page is not a secure context.
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    if (!devices) {
      throw new MediaError(
        'media-missing',
        `The browser gives no access to ${wordsOf(kinds)} on a page that is not secure. Open it by https or on localhost.`,
      );
    }
    try {
      const stream = await devices.getUserMedia({ audio: kinds.audio, video: kinds.video && CAMERA });
      return stream.getTracks();
    } catch (error) {
      throw await toMediaError(error, kinds, devices);
    }
  }

  async isGranted(kinds: MediaKinds): Promise<boolean> {
    const names = [kinds.audio && 'microphone', kinds.video && 'camera'].filter((name) => name !== false);
    try {
      const states = await Promise.all(
        // The DOM types know only some of the names that browsers do.
        names.map((name) => navigator.permissions.query({ name: name as PermissionName })),
      );
      return states.every(({ state }) => state === 'granted');
    } catch {
      return false;
    }
  }

  connect(configuration: RTCConfiguration): RTCPeerConnection {
    return new RTCPeerConnection(configuration);
  }
}

/** What `getUserMedia` means by its `DOMException` names (Media Capture and Streams §10.3.1). */
async function toMediaError(error: unknown, kinds: MediaKinds, devices: MediaDevices): Promise<MediaError> {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') {
    const message = `The browser was not allowed to use ${wordsOf(kinds)}. Allow it in the address bar, or go on without.`;
    return new MediaError('media-denied', message, { cause: error });
  }
  if (name === 'NotFoundError' || name === 'OverconstrainedError') {
    const missing = await missingOf(kinds, devices);
    const message = `No ${nounOf(missing)} was found. Plug one in, or go on without.`;
    return new MediaError('media-missing', message, { cause: error });
  }
  const message = `The ${nounOf(kinds)} could not be started. Another program may be using it: close that, or go on without.`;
  return new MediaError('media-failed', message, { cause: error });
}

/** Which of the kinds has no device; all of them when that cannot be found out. */
async function missingOf(kinds: MediaKinds, devices: MediaDevices): Promise<MediaKinds> {
  const present = await devices.enumerateDevices().catch(() => []);
  const missing = {
    audio: kinds.audio && !present.some(({ kind }) => kind === 'audioinput'),
    video: kinds.video && !present.some(({ kind }) => kind === 'videoinput'),
  };
  return missing.audio || missing.video ? missing : kinds;
}

function wordsOf(kinds: MediaKinds): string {
  if (kinds.audio && kinds.video) return 'the microphone and the camera';
  return kinds.audio ? 'the microphone' : 'the camera';
}

function nounOf(kinds: MediaKinds): string {
  if (kinds.audio && kinds.video) return 'microphone or camera';
  return kinds.audio ? 'microphone' : 'camera';
}
