import { type Rng, randomBelow } from '../../../../shared/src/machine.ts';

/** Calm words, easy to say on the phone and none of them about people. 64 by 64 names. */
const QUALITIES = (
  'amber ancient autumn azure birch blue bright bronze calm cedar clear cloudy coastal copper coral crimson ' +
  'dappled dawn deep dewy drifting dusky early eastern emerald fern frosty gentle golden grassy green hazel ' +
  'hidden indigo ivory jade lilac little lunar maple meadow misty mossy northern ochre pearl pine plum ' +
  'quiet rosy russet sandy silver slate snowy southern starry sunny swift tidal twilight velvet western wild'
).split(' ');

const CREATURES = (
  'badger beaver bison bittern bluebell brook clover crane cricket curlew cygnet deer dipper dolphin dove ' +
  'dragonfly egret eider falcon fawn finch firefly fox gannet gecko goldcrest grebe hare hawk hedgehog heron hoopoe ' +
  'ibis jackdaw kestrel kingfisher lapwing lark linnet lynx magpie marten merlin moth newt nightjar nuthatch oriole ' +
  'osprey otter owl petrel pipit plover puffin robin salmon seal sparrow swallow swan tern thrush wren'
).split(' ');

/** How many names there are. */
export const NAME_COUNT = QUALITIES.length * CREATURES.length;

/** A readable name such as "amber otter", other than `taken`. */
export function makeName(rng: Rng, taken?: string): string {
  for (;;) {
    const name = `${QUALITIES[randomBelow(rng, QUALITIES.length)]} ${CREATURES[randomBelow(rng, CREATURES.length)]}`;
    if (name !== taken) return name;
  }
}
