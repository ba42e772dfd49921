import pLimit from "p-limit";
import { InternalError, InterruptedError, joinFailures } from "../errors/installer-error.ts";

/** Something that is brought up after what it needs. */
export interface GraphNode {
  readonly key: string;
  readonly needs: readonly string[];
  /** Those of its needs that it waits for by itself: it may run once they have begun. */
  readonly early?: readonly string[];
  /** Waits for something outside the graph, such as an image, without holding up other nodes. */
  readonly ready?: () => Promise<void>;
}

/**
 * Runs every node as soon as all it needs are through; at most `atOnce` side by side. The first failure stops the rest.
 * Needs that are no node are taken as met.
 * @throws what the first failing node threw, which tells in its details what else failed; InternalError for a circle
 */
export async function runGraph(
  nodes: readonly GraphNode[],
  atOnce: number,
  run: (key: string, stopped: AbortSignal) => Promise<void>,
): Promise<void> {
  refuseCircles(nodes);
  const limit = pLimit(atOnce);
  const failed = new AbortController();
  const givenUp = new Promise<false>((resolve) => {
    failed.signal.addEventListener("abort", () => resolve(false));
  });
  const failures: unknown[] = [];
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const started = new Map<string, Promise<boolean>>();
  const visit = (key: string): Promise<boolean> => {
    const known = started.get(key);
    if (known !== undefined) return known;
    const node = byKey.get(key);
    const outcome = node === undefined ? Promise.resolve(true) : runNode(node);
    started.set(key, outcome);
    return outcome;
  };
  const runNode = async (node: GraphNode): Promise<boolean> => {
    const needs = await Promise.all(node.needs.map(visit));
    if (needs.includes(false)) return false;
    try {
      // The wait may be long, and after a failure it is pointless.
      if ((await Promise.race([node.ready?.(), givenUp])) === false) return false;
      return await limit(async () => {
        if (failed.signal.aborted) return false;
        await run(node.key, failed.signal);
        return true;
      });
    } catch (error) {
      // A node stopped because another failed has not failed itself.
      if (failures.length === 0 || !(error instanceof InterruptedError || failures.includes(error)))
        failures.push(error);
      failed.abort();
      return false;
    }
  };
  await Promise.all(nodes.map((node) => visit(node.key)));
  const [first, ...others] = failures;
  if (first !== undefined) throw joinFailures([first, ...others]);
}

/** Nodes in an order in which each comes after what it needs. */
export function inOrder(nodes: readonly GraphNode[]): readonly string[] {
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const done = new Set<string>();
  const visit = (key: string): void => {
    const node = byKey.get(key);
    if (node === undefined || done.has(key)) return;
    for (const need of node.needs) visit(need);
    done.add(key);
  };
  refuseCircles(nodes);
  for (const node of nodes) visit(node.key);
  return [...done];
}

function refuseCircles(nodes: readonly GraphNode[]): void {
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const state = new Map<string, "open" | "closed">();
  const visit = (key: string, path: readonly string[]): void => {
    if (state.get(key) === "closed") return;
    if (state.get(key) === "open") {
      throw new InternalError(`these wait for each other: ${[...path.slice(path.indexOf(key)), key].join(" -> ")}`);
    }
    state.set(key, "open");
    for (const need of byKey.get(key)?.needs ?? []) visit(need, [...path, key]);
    state.set(key, "closed");
  };
  for (const node of nodes) visit(node.key, []);
}
