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
        return sdpFmtpLine === '' || sdpFmtpLine.includes('profile-id=0');
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
