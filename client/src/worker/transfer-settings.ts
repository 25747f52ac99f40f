import type { FilePriority } from '../swarm/types.ts';
import type { RateLimits } from './protocol.ts';

/** What a person set for one share or download and finds as it was on the next page. What was never set is left out. */
export interface TransferSettings {
  readonly limits?: RateLimits | undefined;
  /** How much each file is wanted, in the order of the torrent's files. */
  readonly priorities?: readonly FilePriority[] | undefined;
  readonly isSequential?: boolean | undefined;
  readonly isSuperSeeding?: boolean | undefined;
  /** Of a share; the resume record of a download has its own. */
  readonly isPaused?: boolean | undefined;
}

const PRIORITIES: readonly FilePriority[] = ['skip', 'low', 'normal', 'high'];

/** A stored value as settings. What another version of the page wrote, and makes no sense here, is left out. */
export function readSettings(value: unknown): TransferSettings {
  const field = fieldsOf(value);
  const limits = fieldsOf(field.get('limits'));
  const priorities = field.get('priorities');
  const [down, up] = [readLimit(limits.get('down')), readLimit(limits.get('up'))];
  return {
    ...((down !== undefined || up !== undefined) && { limits: { down, up } }),
    ...(Array.isArray(priorities) && { priorities: priorities.map(readPriority) }),
    ...(field.get('isSequential') === true && { isSequential: true }),
    ...(field.get('isSuperSeeding') === true && { isSuperSeeding: true }),
    ...(field.get('isPaused') === true && { isPaused: true }),
  };
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>(typeof value === 'object' && value !== null ? Object.entries(value) : []);
}

function readLimit(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined;
}

function readPriority(value: unknown): FilePriority {
  return PRIORITIES.find((known) => known === value) ?? 'normal';
}
