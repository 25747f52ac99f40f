import { MAX_VERIFICATIONS } from '../../../shared/src/limits/records.ts';
import type { Core } from './core.ts';
import { hasRightKey } from './record-key.ts';
import type { SignedRecord } from './types.ts';

/** Who waits for a signature to be checked. */
export interface VerificationOwner {
  onVerified(record: SignedRecord, isValid: boolean): void;
}

/** Asks the driver to check signatures and hands the answers back; a record under a key that it only claims is not valid. */
export class Verifier {
  readonly #core: Core;
  /** BOUNDED: by MAX_VERIFICATIONS; further records count as not valid. */
  readonly #waiting = new Map<number, { readonly record: SignedRecord; readonly owner: VerificationOwner }>();
  #nextEffect = 1;

  constructor(core: Core) {
    this.#core = core;
  }

  /** False when too many checks are under way; the owner is not called then. */
  verify(record: SignedRecord, owner: VerificationOwner): boolean {
    if (this.#waiting.size >= MAX_VERIFICATIONS) return false;
    const effect = this.#nextEffect++;
    this.#waiting.set(effect, { record, owner });
    this.#core.out.push({ kind: 'run', effect, verify: record });
    return true;
  }

  onEffectDone(effect: number, isValid: boolean): void {
    const waiting = this.#waiting.get(effect);
    if (!waiting) return;
    this.#waiting.delete(effect);
    waiting.owner.onVerified(waiting.record, isValid && hasRightKey(waiting.record));
  }
}
