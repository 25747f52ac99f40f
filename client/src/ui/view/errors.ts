/** The sentence for people in an error: its message, or a general one for something that is not an Error. */
export function errorText(error: unknown): string {
  if (error instanceof Error && error.message !== '') return error.message;
  return 'Something went wrong inside the page.';
}

/** The code of an error of the library, or undefined. Reads the property, so that any realm's errors count. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
