import { type GraphNode, inOrder } from "./dependency-graph.ts";

/**
 * The same nodes with those that are due as late as they can be: each waits for all that have a longer way to go after them. A service is
 * cut off from those that use it as soon as it has another password, so that it and they should follow each other closely.
 */
export function asLateAsCanBe(nodes: readonly GraphNode[], due: ReadonlySet<string>): readonly GraphNode[] {
  const left = stepsLeft(nodes, due);
  const steps = (key: string): number => left.get(key) ?? 0;
  return nodes.map((node) => {
    if (!isStep(node, due, steps)) return node;
    const before = [...due].filter((key) => steps(key) > steps(node.key));
    return { ...node, needs: [...new Set([...node.needs, ...before])] };
  });
}

/** How many steps of those that are due follow each other from a node on. */
function stepsLeft(nodes: readonly GraphNode[], due: ReadonlySet<string>): ReadonlyMap<string, number> {
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const left = new Map<string, number>();
  for (const key of inOrder(nodes).toReversed()) {
    const after = Math.max(
      0,
      ...nodes.filter(({ needs }) => needs.includes(key)).map((waiting) => left.get(waiting.key) ?? 0),
    );
    const node = byKey.get(key);
    left.set(key, node !== undefined && isStep(node, due, () => after) ? after + 1 : after);
  }
  return left;
}

/** A job is none that begins with its service, which starts anew as well, nor a last one: nobody waits for it, nor it for others. */
function isStep(
  { key, early = [] }: GraphNode,
  due: ReadonlySet<string>,
  stepsAfter: (key: string) => number,
): boolean {
  if (!due.has(key)) return false;
  const isJob = key.startsWith("job:");
  return !(isJob && (stepsAfter(key) === 0 || early.some((need) => due.has(need))));
}
