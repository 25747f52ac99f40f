/**
 * The codecs that calls offer. Every browser that has WebRTC has Opus, VP8 and H.264 constrained baseline (RFC 7742 §5,
 * RFC 7874 §3); with all profiles that Chromium knows the description would be twice as long and gain nothing.
 */
const KEPT: Readonly<Record<'audio' | 'video', (codec: RTCRtpCodec) => boolean>> = {
  audio: ({ mimeType }) => mimeType.toLowerCase() === 'audio/opus',
  video: ({ mimeType, sdpFmtpLine = '' }) => {
    switch (mimeType.toLowerCase()) {
      case 'video/vp8':
      case 'video/rtx':
        return true;
      case 'video/vp9':
        // Firefox names no profile, which is profile 0 (RFC 9628 §6).
        return !/profile-id=[1-9]/.test(sdpFmtpLine);
      case 'video/h264':
        return sdpFmtpLine.includes('packetization-mode=1') && sdpFmtpLine.includes('profile-level-id=42e0');
      default:
        return false;
    }
  },
};

/** Narrows what a transceiver offers. Leaves it alone where the browser does not know how, or knows none of them. */
export function narrowCodecs(transceiver: RTCRtpTransceiver, kind: 'audio' | 'video'): void {
  const codecs = RTCRtpReceiver.getCapabilities(kind)?.codecs.filter(KEPT[kind]) ?? [];
  if (codecs.length === 0 || !('setCodecPreferences' in transceiver)) return;
  transceiver.setCodecPreferences(codecs);
}

/**
 * A description without feedback for formats that it does not offer. Firefox leaves the lines of narrowed codecs in, and
 * Chromium takes no description that has them.
 */
export function withoutStrayFeedback(sdp: string): string {
  let formats: readonly string[] = [];
  const isMeant = (line: string): boolean => {
    if (line.startsWith('m=')) formats = line.split(' ').slice(3);
    const format = /^a=rtcp-fb:(\d+) /.exec(line)?.[1];
    return format === undefined || formats.includes(format);
  };
  return sdp.split('\r\n').filter(isMeant).join('\r\n');
}
