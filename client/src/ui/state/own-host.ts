/** True when only this computer can open the page's address. */
export function isLocalHost(): boolean {
  return /^(127\.0\.0\.1|\[::1\]|(.*\.)?localhost)$/.test(location.hostname);
}
