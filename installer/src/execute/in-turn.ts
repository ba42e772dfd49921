/** Runs what it is given, and gives what that gives. */
export type InTurn = <T>(run: () => Promise<T>) => Promise<T>;

/** Runs one thing after the other, in the order they are given. A failure reaches only its own caller; later ones still run. */
export function createQueue(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const next = last.then(run);
    last = next.catch(() => undefined);
    return next;
  };
}
