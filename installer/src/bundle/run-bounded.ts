/**
 * Runs tasks, so many at a time. After the first failure no further one is begun, and it is thrown when those under way
 * have ended.
 */
export async function runBounded(
  tasks: readonly (() => Promise<void>)[],
  limit: number,
  signal: AbortSignal,
): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    while (next < tasks.length && failures.length === 0) {
      const task = tasks[next++];
      try {
        signal.throwIfAborted();
        await task?.();
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(limit, tasks.length)) }, work));
  if (failures.length > 0) throw failures[0];
}
