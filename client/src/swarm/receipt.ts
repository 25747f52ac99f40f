/** What became of a block that a peer was asked for. */
export interface Receipt {
  /** False: it was here already, or its piece is no longer open to this peer. */
  readonly isKept: boolean;
  /** All blocks of its piece are here now. */
  readonly isWhole: boolean;
  /** Others were asked for it too and should be told that it is no longer wanted. */
  readonly hasRivals: boolean;
}

/** One object for each outcome: nothing is allocated for a block. */
export const UNWANTED: Receipt = { isKept: false, isWhole: false, hasRivals: false };
export const KEPT: Receipt = { isKept: true, isWhole: false, hasRivals: false };
export const KEPT_RIVALS: Receipt = { isKept: true, isWhole: false, hasRivals: true };
export const WHOLE: Receipt = { isKept: true, isWhole: true, hasRivals: false };
export const WHOLE_RIVALS: Receipt = { isKept: true, isWhole: true, hasRivals: true };
