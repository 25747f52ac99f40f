import { parseArgs } from 'node:util';
import { type Result, err, ok } from '../../shared/src/result.ts';
import { isStunUrl, isTurnUrl } from './ice.ts';
import type { ServerOptions } from './server.ts';

export const HELP = `Usage: npm start -- [--port NUMBER] [--host ADDRESS]

Serves the page and introduces the tabs that open it to each other.

  --port NUMBER    TCP port, 0 for any free one (environment: PORT; default 8080)
  --host ADDRESS   address to listen on (environment: HOST; default all)
  --help           shows this text

Environment, lists separated by commas:
  SKEIN_STUN_URLS        STUN servers, such as stun:stun.example.org:3478
  SKEIN_TURN_URLS        TURN servers, such as turn:turn.example.org:3478?transport=udp
  SKEIN_TURN_SECRET      the secret shared with the TURN servers (coturn: static-auth-secret)
  SKEIN_PUBLIC_HOSTS     hosts under which people open this server, such as skein.example.org
  SKEIN_TRUSTED_PROXIES  number of reverse proxies in front of this server (default 0)
`;

export type Settings = { readonly kind: 'help' } | { readonly kind: 'serve'; readonly options: ServerOptions };

type Environment = Readonly<Record<string, string | undefined>>;

const FLAGS = { port: { type: 'string' }, host: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;

/** What the command line and the environment ask for, or a sentence about what is wrong with them. */
export function readSettings(args: readonly string[], environment: Environment): Result<Settings, string> {
  const flags = readFlags(args);
  if (!flags.ok) return flags;
  if (flags.value.help) return ok({ kind: 'help' });
  const port = readNumber('The port', flags.value.port ?? environment['PORT'] ?? '', 8080, 65_535);
  if (!port.ok) return port;
  const proxies = readNumber('SKEIN_TRUSTED_PROXIES', environment['SKEIN_TRUSTED_PROXIES'] ?? '', 0, 10);
  if (!proxies.ok) return proxies;
  const ice = readIce(environment);
  if (!ice.ok) return ice;
  const host = (flags.value.host ?? environment['HOST'] ?? '').trim();
  return ok({
    kind: 'serve',
    options: {
      port: port.value,
      ...(host === '' ? {} : { host }),
      ice: ice.value,
      publicHosts: list(environment['SKEIN_PUBLIC_HOSTS']),
      trustedProxies: proxies.value,
    },
  });
}

function readFlags(args: readonly string[]): Result<{ port?: string; host?: string; help?: boolean }, string> {
  try {
    return ok(parseArgs({ args: [...args], options: FLAGS, strict: true }).values);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('. ')[0] : String(error);
    return err(`${reason}. Run with --help to see what there is.`);
  }
}

function readNumber(what: string, text: string, fallback: number, most: number): Result<number, string> {
  if (text.trim() === '') return ok(fallback);
  const value = Number(text);
  if (/^\d+$/.test(text.trim()) && value <= most) return ok(value);
  return err(`${what} must be a whole number from 0 to ${most}, not "${text}".`);
}

function readIce(environment: Environment): Result<NonNullable<ServerOptions['ice']>, string> {
  const stunUrls = list(environment['SKEIN_STUN_URLS']);
  const turnUrls = list(environment['SKEIN_TURN_URLS']);
  const turnSecret = environment['SKEIN_TURN_SECRET']?.trim() ?? '';
  const badStun = stunUrls.find((url) => !isStunUrl(url));
  if (badStun !== undefined) return err(`SKEIN_STUN_URLS names "${badStun}"; it should look like stun:host:3478.`);
  const badTurn = turnUrls.find((url) => !isTurnUrl(url));
  if (badTurn !== undefined) return err(`SKEIN_TURN_URLS names "${badTurn}"; it should look like turn:host:3478.`);
  if (turnUrls.length > 0 && turnSecret === '') return err('SKEIN_TURN_URLS needs SKEIN_TURN_SECRET beside it.');
  return ok(turnSecret === '' ? { stunUrls, turnUrls } : { stunUrls, turnUrls, turnSecret });
}

function list(text: string | undefined): string[] {
  return (text ?? '').split(',').flatMap((entry) => entry.trim() || []);
}
