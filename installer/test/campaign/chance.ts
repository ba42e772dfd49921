import { createSeededRandom } from "../support/memory-ports.ts";

/** Choices that look like chance and are the same for the same seed, as far as the same questions are asked. */
export interface Chance {
  /** A whole number from 0 on, below `end`, which is rounded. */
  below(end: number): number;
  pick<Item>(items: readonly Item[]): Item;
  shuffle<Item>(items: readonly Item[]): readonly Item[];
}

export function createChance(seed: string): Chance {
  const random = createSeededRandom(seed);
  const below = (end: number): number => Buffer.from(random.bytes(4)).readUInt32BE() % Math.max(1, Math.round(end));
  const pick = <Item>(items: readonly Item[]): Item => {
    const item = items[below(items.length)];
    if (item === undefined) throw new RangeError("there is nothing to choose from");
    return item;
  };
  return {
    below,
    pick,
    shuffle: (items) =>
      items
        .map((item) => [below(2 ** 32), item] as const)
        .toSorted(([a], [b]) => a - b)
        .map(([, item]) => item),
  };
}
