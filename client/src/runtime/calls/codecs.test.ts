import { expect, test } from 'vitest';
import { withoutStrayFeedback } from './codecs.ts';

/** What Firefox 153 makes of a transceiver whose codecs were narrowed to VP8, shortened. */
const FIREFOX = [
  'v=0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 109',
  'a=rtcp-fb:109 transport-cc',
  'a=rtpmap:109 opus/48000/2',
  'm=video 0 UDP/TLS/RTP/SAVPF 120 124',
  'a=rtcp-fb:120 nack',
  'a=rtcp-fb:120 nack pli',
  'a=rtcp-fb:121 nack',
  'a=rtcp-fb:99 transport-cc',
  'a=rtcp-fb:109 transport-cc',
  'a=rtcp-fb:* ccm fir',
  'a=rtpmap:120 VP8/90000',
  'a=rtpmap:124 rtx/90000',
  '',
].join('\r\n');

test('feedback for formats that a section does not offer is left out, and nothing else', () => {
  const gone = ['a=rtcp-fb:121 nack', 'a=rtcp-fb:99 transport-cc'];
  const lines = withoutStrayFeedback(FIREFOX).split('\r\n');
  const expected = FIREFOX.split('\r\n').filter((line) => !gone.includes(line));
  expected.splice(expected.lastIndexOf('a=rtcp-fb:109 transport-cc'), 1);
  expect(lines).toEqual(expected);
});
