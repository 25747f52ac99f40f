import { useEffect, useState } from 'preact/hooks';

/** Light modules around the code. ISO/IEC 18004 asks for four. */
const QUIET_ZONE = 4;

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
  const [drawing, setDrawing] = useState<{ readonly size: number; readonly path: string } | undefined>();
  useEffect(() => {
    let isWanted = true;
    void drawQr(text).then((drawn) => {
      if (isWanted) setDrawing(drawn);
    });
    return () => void (isWanted = false);
  }, [text]);
  if (!drawing) return <div class="qr" data-testid={testId} />;
  return (
    <svg class="qr" data-testid={testId} role="img" aria-label={label} viewBox={`0 0 ${drawing.size} ${drawing.size}`}>
      <path d={drawing.path} />
    </svg>
  );
}

async function drawQr(text: string): Promise<{ readonly size: number; readonly path: string }> {
  const { encode } = await import('uqr');
  const { data, size } = encode(text, { border: QUIET_ZONE, ecc: 'M' });
  const rows = data.map((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')).join(''));
  return { size, path: rows.join('') };
}
