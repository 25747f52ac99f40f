import * as v from 'valibot';
import { MAX_CONFIG_URL_LENGTH, MAX_ICE_SERVERS, MAX_TURN_CREDENTIAL_MS } from '../limits/signaling.ts';
import type { Result } from '../result.ts';
import { type PayloadFault, decodeWith } from './fields.ts';

/** One ICE server, in the form that RTCPeerConnection takes. */
export interface IceServerConfig {
  readonly urls: string[];
  readonly username?: string;
  readonly credential?: string;
}

/** What `/config.json` says. */
export interface ServerConfig {
  readonly iceServers: IceServerConfig[];
  /** For how long `iceServers` may be used; ask again before that. [ms] */
  readonly iceTtlMs: number;
  /** Addresses under which other devices of the local network open the page. */
  readonly lanUrls: string[];
}

/** Least time between two requests for a new configuration, whatever the server says. [ms] */
const MIN_ICE_TTL_MS = 10_000;

const url = (scheme: RegExp) => v.pipe(v.string(), v.maxLength(MAX_CONFIG_URL_LENGTH), v.regex(scheme));

const text = v.pipe(v.string(), v.maxLength(MAX_CONFIG_URL_LENGTH));

const iceServer = v.object({
  urls: v.pipe(v.array(url(/^(stun|turn)s?:/)), v.minLength(1), v.maxLength(MAX_ICE_SERVERS)),
  username: v.exactOptional(text),
  credential: v.exactOptional(text),
});

const config = v.object({
  iceServers: v.pipe(v.array(iceServer), v.maxLength(MAX_ICE_SERVERS)),
  iceTtlMs: v.pipe(v.number(), v.minValue(MIN_ICE_TTL_MS), v.maxValue(MAX_TURN_CREDENTIAL_MS)),
  lanUrls: v.pipe(v.array(url(/^https?:\/\//)), v.maxLength(MAX_ICE_SERVERS)),
});

/** The parsed JSON of `/config.json`, checked. */
export function decodeServerConfig(value: unknown): Result<ServerConfig, PayloadFault> {
  return decodeWith(config, value);
}
