/** What a tab is asked to do through its public door, in a form that travels into the page. */
export type Request =
  | { readonly kind: 'lookup'; readonly key: string }
  | { readonly kind: 'put'; readonly key: string; readonly text: string; readonly ttlMs: number }
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'publish'; readonly key: string }
  | { readonly kind: 'findProviders'; readonly key: string };

/** What came of it. */
export interface Answer {
  /** What the call took. [ms] */
  readonly ms: number;
  /** The code of the rejection, or the name of an error that has none. */
  readonly error?: string;
  /** Of a lookup: the closest peers. Of findProviders: the providers. */
  readonly ids?: readonly string[];
  readonly hops?: number;
  /** Of a get: what was stored; missing when nothing was. */
  readonly text?: string;
}

/** Runs in the page. */
export async function perform(request: Request): Promise<Answer> {
  const startedAt = performance.now();
  const done = (answer: Omit<Answer, 'ms'>): Answer => ({ ...answer, ms: performance.now() - startedAt });
  const node = window.skein;
  try {
    switch (request.kind) {
      case 'lookup': {
        const { closest, hops } = await node.lookup(request.key);
        return done({ ids: closest, hops });
      }
      case 'put':
        await node.put(request.key, new TextEncoder().encode(request.text), { ttlMs: request.ttlMs });
        return done({});
      case 'get': {
        const bytes = await node.get(request.key);
        return done(bytes ? { text: new TextDecoder().decode(bytes) } : {});
      }
      case 'publish':
        await node.publish(request.key);
        return done({});
      case 'findProviders':
        return done({ ids: await node.findProviders(request.key) });
    }
  } catch (error) {
    const { code, name } = error as { code?: string; name?: string };
    return done({ error: code ?? name ?? String(error) });
  }
}
