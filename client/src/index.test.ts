import { afterEach, expect, test, vi } from 'vitest';
import { join } from './index.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

test('a browser without WebRTC is told so', async () => {
  await expect(join()).rejects.toMatchObject({ name: 'SkeinError', code: 'no-webrtc' });
});

test.each(['skein.example', 'localhost:8080', '/', '', 'https://'])(
  'what is no address of a server, "%s", is refused before anything is begun',
  async (signaling) => {
    vi.stubGlobal('RTCPeerConnection', class {});
    await expect(join({ signaling })).rejects.toMatchObject({ name: 'SkeinError', code: 'bad-argument' });
  },
);
