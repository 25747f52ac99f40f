import { expect, test } from 'vitest';
import { seededRng } from '../../shared/src/machine.ts';
import { TARGETS } from './targets.ts';

/** Set by `npm run fuzz`, which prints them; without it the inputs are few and always the same. */
const INPUTS = Number(process.env['FUZZ_INPUTS'] ?? 100_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const ONLY = process.env['FUZZ_TARGET'];

const chosen = TARGETS.filter(({ name }) => ONLY === undefined || name === ONLY);
const weights = chosen.reduce((sum, { weight }) => sum + weight, 0);

test('there is something to feed', () => expect(chosen.length).toBeGreaterThan(0));

for (const target of chosen) {
  const rounds = Math.ceil((INPUTS * target.weight) / weights / target.roundInputs);
  test(`${target.name}: ${rounds * target.roundInputs} hostile inputs, and no promise is broken`, () => {
    let accepted = 0;
    for (let round = 0; round < rounds; round++) {
      const seed = SEED + round;
      try {
        accepted += target.round(seededRng(seed));
      } catch (error) {
        const again = `npm run fuzz -- --target ${target.name} --seed ${seed} --inputs ${target.roundInputs}`;
        throw new Error(`round of seed ${seed} failed; again: ${again}`, { cause: error });
      }
    }
    expect(accepted / rounds).toBeGreaterThan(rounds < 10 ? -1 : target.leastAccepted);
  }, 3_600_000);
}
