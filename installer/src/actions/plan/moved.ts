import type { Plan } from "../../plan/model.ts";

/** An address that nothing answers at any more, and the one in its place. */
export interface MovedAddress {
  readonly from: string;
  readonly to: string;
}

/** The public addresses that a change moves: of the gateway's listeners, and those that people open past it. */
export function movedAddresses(before: Plan | undefined, after: Plan): readonly MovedAddress[] {
  if (before === undefined) return [];
  const now = addressesOf(after);
  const pairs = [...addressesOf(before)].flatMap(([key, from]) => {
    const to = now.get(key);
    return to === undefined || to === from ? [] : [{ from, to }];
  });
  const unique = new Map(pairs.map((pair) => [`${pair.from} ${pair.to}`, pair]));
  return [...unique.values()];
}

function addressesOf({ listeners, components }: Plan): ReadonlyMap<string, string> {
  return new Map([
    ...listeners.map(({ id, url }) => [`listener ${id}`, url] as const),
    ...components.flatMap(({ id, links }) => links.map(({ url }, index) => [`${id} ${index}`, url] as const)),
  ]);
}
