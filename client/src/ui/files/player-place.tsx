import type { Download, Share } from '../../index.ts';
import { playerCode, playing } from '../state/playing.ts';

/** Where a row plays one of its files; nothing while it plays none. */
export function PlayerPlace({ item }: { readonly item: Share | Download }) {
  const current = playing.value;
  if (current?.item !== item) return null;
  const code = playerCode.value;
  if (!code) return <p class="row-extra hint">The player is on its way.</p>;
  return (
    <div class="row-extra">
      <code.Player item={item} file={current.file} />
    </div>
  );
}
