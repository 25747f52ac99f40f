import * as v from 'valibot';
import { isStunUrl, isTurnUrl } from './ice.ts';
import { ALLOWANCES } from './rate-limits.ts';

/** Most that a TCP port may be. */
const MAX_PORT = 65_535;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const allowance = v.strictObject({
  perSocket: count,
  perAddress: count,
  windowSeconds: v.pipe(v.number(), v.finite(), v.gtValue(0)),
});

const ice = v.pipe(
  v.strictObject({
    stunUrls: v.array(v.pipe(v.string(), v.check(isStunUrl, 'It should look like stun:host:3478.'))),
    turnUrls: v.array(v.pipe(v.string(), v.check(isTurnUrl, 'It should look like turn:host:3478.'))),
    turnSecret: v.optional(v.pipe(v.string(), v.nonEmpty('It is empty.'))),
  }),
  v.forward(
    v.partialCheck(
      [['turnUrls'], ['turnSecret']],
      ({ turnUrls, turnSecret }) => turnUrls.length === 0 || turnSecret !== undefined,
      'turnUrls need it beside them.',
    ),
    ['turnSecret'],
  ),
);

/** What `ServerOptions` says, for those who have no compiler. */
const options = v.strictObject({
  port: v.optional(v.pipe(count, v.maxValue(MAX_PORT))),
  host: v.optional(v.pipe(v.string(), v.nonEmpty('It is empty.'))),
  page: v.optional(v.union([v.string(), v.function()])),
  ice: v.optional(ice),
  publicHosts: v.optional(v.array(v.pipe(v.string(), v.nonEmpty('A host has a name.')))),
  trustedProxies: v.optional(count),
  allowances: v.optional(v.strictObject(v.entriesFromList(Object.keys(ALLOWANCES), v.optional(allowance)))),
  caps: v.optional(
    v.strictObject(v.entriesFromList(['waitingBytes', 'connectionsPerAddress', 'sockets'], v.optional(count))),
  ),
});

/** Throws a `TypeError` that names the option for what is none of a server's: it would be misread, or break the first join. */
export function checkOptions(given: unknown): void {
  const { success, issues } = v.safeParse(options, given);
  if (success) return;
  const [issue] = issues;
  throw new TypeError(`createServer: the option ${v.getDotPath(issue) ?? ''} is wrong. ${issue.message}`);
}
