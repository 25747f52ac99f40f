/** The item at `index`, which must be there. */
export function at<T>(items: readonly T[], index: number): T {
  if (index < 0 || index >= items.length) throw new Error(`no item ${index} among ${items.length}`);
  return items[index] as T;
}
