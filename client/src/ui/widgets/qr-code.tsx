import { useEffect, useState } from 'preact/hooks';
import { status } from '../state/session.ts';

/** Light modules around the code. ISO/IEC 18004 asks for four. */
const QUIET_ZONE = 4;

/** Longest text that a code of medium correction holds. [bytes] ISO/IEC 18004, table 7: version 40-M. A camera still reads it. */
const MAX_BYTES = 2_331;

/** Dark modules as an SVG path, in a square of `size` modules. */
interface Drawing {
  readonly size: number;
  readonly path: string;
}

/** A QR code of a text, always dark on white so that any camera reads it. The encoder is loaded when one is shown. */
export function QrCode({
  text,
  label,
  testId,
}: {
  readonly text: string;
  readonly label: string;
  readonly testId?: string;
}) {
  const [drawing, setDrawing] = useState<Drawing | 'failed' | undefined>();
  // Where the encoder could not be fetched it can once the server is back.
  const server = status.value?.server;
  useEffect(() => {
    let isWanted = true;
    drawQr(text).then(
      (drawn) => isWanted && setDrawing(drawn),
      () => isWanted && setDrawing('failed'),
    );
    return () => void (isWanted = false);
  }, [text, server]);
  if (text.length > MAX_BYTES)
    return <NoDrawing testId={testId} why="The link is too long for a QR code. Copy it instead." />;
  if (!drawing) return <div class="qr" data-testid={testId} />;
  if (drawing === 'failed')
    return <NoDrawing testId={testId} why="The QR code comes when the server is back. The link can be copied now." />;
  return (
    <svg class="qr" data-testid={testId} role="img" aria-label={label} viewBox={`0 0 ${drawing.size} ${drawing.size}`}>
      <path d={drawing.path} />
    </svg>
  );
}

function NoDrawing({ testId, why }: { readonly testId: string | undefined; readonly why: string }) {
  return (
    <p class="qr qr-missing" data-testid={testId}>
      {why}
    </p>
  );
}

async function drawQr(text: string): Promise<Drawing> {
  const { encode } = await import('uqr');
  const { data, size } = encode(text, { border: QUIET_ZONE, ecc: 'M' });
  const rows = data.map((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')).join(''));
  return { size, path: rows.join('') };
}
