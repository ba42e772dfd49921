import { type SourcedValue, isSourcedMap } from "./sourced-value.ts";

/** Lays the layers over each other, the last one winning: maps merge key by key, everything else is replaced. */
export function mergeValues(layers: readonly [SourcedValue, ...SourcedValue[]]): SourcedValue {
  const [first, ...rest] = layers;
  return rest.reduce(mergeTwo, first);
}

function mergeTwo(below: SourcedValue, above: SourcedValue): SourcedValue {
  if (!isSourcedMap(below.content) || !isSourcedMap(above.content)) return above;
  const entries = new Map(below.content);
  for (const [key, value] of above.content) {
    const covered = entries.get(key);
    entries.set(key, covered === undefined ? value : mergeTwo(covered, value));
  }
  return { ...above, content: entries };
}
