/** How far the services of a bring-up are, for those that wait for them by themselves. What is not followed counts as there. */
export interface ServiceProgress {
  readonly begun: (id: string) => void;
  readonly serves: (id: string) => void;
  readonly areServing: (ids: readonly string[]) => boolean;
  readonly whenBegun: (ids: readonly string[]) => Promise<void>;
  readonly whenServing: (ids: readonly string[]) => Promise<void>;
}

/** Follows services by their ids. */
export function followServices(ids: readonly string[]): ServiceProgress {
  const moments = () => new Map(ids.map((id) => [id, Promise.withResolvers<undefined>()]));
  const [begun, serving] = [moments(), moments()];
  const missing = new Set(ids);
  const allOf = async (of: ReturnType<typeof moments>, some: readonly string[]): Promise<void> => {
    await Promise.all(some.flatMap((id) => of.get(id)?.promise ?? []));
  };
  return {
    begun: (id) => begun.get(id)?.resolve(undefined),
    serves: (id) => {
      missing.delete(id);
      begun.get(id)?.resolve(undefined);
      serving.get(id)?.resolve(undefined);
    },
    areServing: (some) => !some.some((id) => missing.has(id)),
    whenBegun: (some) => allOf(begun, some),
    whenServing: (some) => allOf(serving, some),
  };
}
