import * as v from 'valibot';
import { type NodeId, parseNodeId } from '../ids.ts';
import { type Result, err, ok } from '../result.ts';

/** What a decoder says about a payload that it does not take. */
export type PayloadFault = 'malformed' | 'too-large';

/** The issue text that tells a payload over a cap from one of the wrong form. */
const TOO_LARGE = 'too-large';

/** A field of `least` to `most` bytes, as a fresh copy: what arrives may alias a buffer that is used again. */
export function bytesField(least: number, most: number) {
  return v.pipe(
    v.unknown(),
    v.rawTransform<unknown, Uint8Array>(({ dataset, addIssue, NEVER }) => {
      const size = byteSize(dataset.value);
      if (size === undefined || size < least || size > most) {
        addIssue({ message: size !== undefined && size > most ? TOO_LARGE : 'bytes' });
        return NEVER;
      }
      return copyBytes(dataset.value as Uint8Array | ArrayBuffer);
    }),
  );
}

/** A field that names an id or key: 40 lower-case hex digits. */
export function idField() {
  return v.pipe(
    v.string(),
    v.maxLength(40),
    v.rawTransform<string, NodeId>(({ dataset, addIssue, NEVER }) => {
      const id = parseNodeId(dataset.value);
      if (id !== undefined) return id;
      addIssue({ message: 'id' });
      return NEVER;
    }),
  );
}

/** Runs a schema over anything whatever. Never throws, not even when a getter or proxy among the values does. */
export function decodeWith<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
): Result<v.InferOutput<S>, PayloadFault> {
  try {
    const parsed = v.safeParse(schema, value);
    if (parsed.success) return ok(parsed.output);
    return err(parsed.issues.some((issue) => issue.message === TOO_LARGE) ? 'too-large' : 'malformed');
  } catch {
    return err('malformed');
  }
}

/** Browsers hand out attachments as ArrayBuffer, Node as Buffer. Undefined for anything else. */
function byteSize(value: unknown): number | undefined {
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return value.byteLength;
  return undefined;
}

function copyBytes(value: Uint8Array | ArrayBuffer): Uint8Array {
  return value instanceof ArrayBuffer ? new Uint8Array(value.slice(0)) : new Uint8Array(value);
}
