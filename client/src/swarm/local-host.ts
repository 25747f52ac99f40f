/** Names and addresses of machines that are nobody else's business: this one and its network. */
const LOCAL_HOST = /^(?:localhost|.*\.local|127\.|10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|0\.|\[)/i;

/** True for a machine of the own network: what a stranger names there is to do nothing (libtorrent `ssrf_mitigation`). */
export function isLocalHost(hostname: string): boolean {
  return LOCAL_HOST.test(hostname);
}

/** True for this machine itself, to which browsers allow what they allow to safe ones. */
export function isLoopback(hostname: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i.test(hostname);
}
