/** The program does not start; its message stands behind `Error: `, or `panic: ` where the real one panics. */
export class StartRefusal extends Error {
  readonly panics: boolean;

  constructor(message: string, { panics = false }: { readonly panics?: boolean } = {}) {
    super(message);
    this.panics = panics;
  }
}
