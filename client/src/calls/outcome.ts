import { assertNever } from '../../../shared/src/result.ts';
import type { ByeReason, CallEnd, CancelReason, ResponseCode } from './types.ts';

/** A final response other than 200. */
export type FailureCode = Exclude<ResponseCode, 100 | 180 | 200>;

/** What the caller is told when the best response of all devices was `code`. */
export function endOfFailure(code: FailureCode): CallEnd {
  switch (code) {
    case 404:
      return 'not-found';
    case 408:
      return 'no-answer';
    case 480:
    // The device that rang was loaded again.
    case 481:
      return 'unreachable';
    case 486:
      return 'busy';
    case 487:
      return 'cancelled';
    case 488:
      return 'media-failed';
    case 603:
      return 'declined';
    case 500:
      return 'error';
    default:
      return assertNever(code);
  }
}

/** How a call ended that was ended by BYE or CANCEL with this reason: the same on both sides. */
export function endOfReason(reason: ByeReason | CancelReason): CallEnd {
  switch (reason) {
    case 'user-hangup':
    case 'replaced':
      return 'hung-up';
    case 'ice-failed':
      return 'no-path';
    case 'ice-timeout':
    case 'no-ack':
      return 'connection-lost';
    case 'media-failed':
    case 'cancelled':
    case 'no-answer':
    case 'answered-elsewhere':
      return reason;
    default:
      return assertNever(reason);
  }
}

/** Why a call is taken back that has ended like this already. */
export function cancelReason(reason: ByeReason): CancelReason {
  return reason === 'no-answer' || reason === 'answered-elsewhere' ? reason : 'cancelled';
}

/** Failures from most to least telling, when several devices failed in different ways. */
const TELLING: readonly FailureCode[] = [603, 486, 488, 408, 487, 480, 500, 481, 404];

/**
 * The response that stands for all branches (RFC 3261 §16.7 step 6): a 6xx is definitive, else the one that tells the
 * caller most. 404 when there was no branch at all.
 */
export function bestFailure(codes: readonly FailureCode[]): FailureCode {
  return TELLING.find((code) => codes.includes(code)) ?? 404;
}
