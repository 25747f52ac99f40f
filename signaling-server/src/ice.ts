import { createHmac, randomBytes } from 'node:crypto';
import { MAX_TURN_CREDENTIAL_MS } from '../../shared/src/limits/signaling.ts';
import type { IceServerConfig } from '../../shared/src/signaling/config.ts';

/** STUN and TURN servers as the operator names them. */
export interface IceSettings {
  readonly stunUrls: readonly string[];
  readonly turnUrls: readonly string[];
  /** The secret shared with the TURN server (coturn: `static-auth-secret`). Needed with `turnUrls`. */
  readonly turnSecret?: string;
}

/** True for what names a STUN server (RFC 7064 §3.1). */
export function isStunUrl(text: string): boolean {
  return /^stuns?:[^/\s]+$/.test(text);
}

/** True for what names a TURN server (RFC 7065 §3.1). */
export function isTurnUrl(text: string): boolean {
  return /^turns?:[^/\s]+$/.test(text);
}

export const NO_ICE: IceSettings = { stunUrls: [], turnUrls: [] };

/** TURN credentials in the REST form (draft-uberti-behave-turn-rest-00 §2.2). */
export interface TurnCredentials {
  /** Expiry in Unix seconds, a colon, and a random user. */
  readonly username: string;
  /** Base64 of HMAC-SHA1(secret, username). */
  readonly credential: string;
}

/** Credentials that the TURN server takes until `wallNow` plus ten minutes. */
export function turnCredentials(secret: string, wallNow: number): TurnCredentials {
  // Rounded down: never longer than the cap.
  const expiry = Math.floor((wallNow + MAX_TURN_CREDENTIAL_MS) / 1000);
  const username = `${expiry}:${randomBytes(9).toString('base64url')}`;
  return { username, credential: createHmac('sha1', secret).update(username).digest('base64') };
}

/** The ICE servers for one asker, with fresh credentials when there is a TURN server. */
export function iceServers(settings: IceSettings, wallNow: number): IceServerConfig[] {
  const servers: IceServerConfig[] = [];
  if (settings.stunUrls.length > 0) servers.push({ urls: [...settings.stunUrls] });
  if (settings.turnUrls.length > 0 && settings.turnSecret !== undefined) {
    servers.push({ urls: [...settings.turnUrls], ...turnCredentials(settings.turnSecret, wallNow) });
  }
  return servers;
}
