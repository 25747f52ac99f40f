/** Opens the page once more. `noopener` gives the new tab its own empty session, and so an identity of its own. */
export function openTab(): void {
  const url = new URL(location.href);
  url.hash = '';
  url.searchParams.delete('name');
  open(url, '_blank', 'noopener');
}
