/** Who reaches an engine, and what it reaches. */
export interface EngineSurroundings {
  /** What it warns of itself. */
  readonly warnings?: readonly string[];
  /** Proxies between it and registries, where it has some. */
  readonly proxies?: { readonly http: string; readonly https: string; readonly except: string };
  /** `host[:port]` of registries that it also speaks to without TLS. */
  readonly plainRegistries?: readonly string[];
}
