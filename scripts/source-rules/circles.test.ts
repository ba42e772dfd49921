import { describe, expect, test } from "vitest";
import { describeCircle, findCircles } from "./circles.ts";
import { type ImportGraph, importsOf } from "./import-graph.ts";

function graphOf(imports: Readonly<Record<string, readonly string[]>>): ImportGraph {
  return new Map(
    Object.entries(imports).map(([file, targets]) => [file, targets.map((target, at) => ({ target, line: at + 1 }))]),
  );
}

describe("findCircles", () => {
  test("finds none where imports only lead downward, however often they meet", () => {
    const graph = graphOf({ a: ["b", "c"], b: ["d"], c: ["d"], d: [] });

    expect(findCircles(graph)).toEqual([]);
  });

  test("finds two files that import each other", () => {
    const graph = graphOf({ a: ["b"], b: ["c"], c: ["b"] });

    expect(findCircles(graph)).toEqual([{ files: ["b", "c"], shortest: ["b", "c"] }]);
  });

  test("finds a file that imports itself", () => {
    expect(findCircles(graphOf({ a: ["a"] }))).toEqual([{ files: ["a"], shortest: ["a"] }]);
  });

  test("shows the shortest way round a large group", () => {
    const graph = graphOf({ a: ["b"], b: ["c"], c: ["d"], d: ["a", "c"] });

    expect(findCircles(graph)).toEqual([{ files: ["a", "b", "c", "d"], shortest: ["c", "d"] }]);
  });

  test("keeps two circles apart when one imports the other", () => {
    const graph = graphOf({ a: ["b"], b: ["a", "c"], c: ["d"], d: ["c"] });

    expect(findCircles(graph).map(({ files }) => files)).toEqual([
      ["c", "d"],
      ["a", "b"],
    ]);
  });
});

describe("describeCircle", () => {
  test("names each file with the line of its import, and the others of the group", () => {
    const graph = graphOf({ a: ["x", "b"], b: ["a", "c"], c: ["b"] });
    const [circle] = findCircles(graph);

    expect(circle && describeCircle(graph, circle)).toBe(
      "import circle of 3 files:\n  a:2 imports b\n  b:1 imports a\n  in the same group: c",
    );
  });
});

describe("importsOf", () => {
  test("sees values, types, lazy imports and re-exports, and no comment", () => {
    const text = [
      'import { a } from "./a.ts";',
      'import type { B } from "../other/b.ts";',
      'import "yaml";',
      '// import "./comment.ts";',
      'export { c } from "./c.ts";',
      'const d = () => import("./d.ts");',
      'let e: import("./e.ts").E;',
    ].join("\n");

    expect(importsOf("installer/src/plan/here.ts", text)).toEqual([
      { target: "installer/src/plan/a.ts", line: 1 },
      { target: "installer/src/other/b.ts", line: 2 },
      { target: "installer/src/plan/c.ts", line: 5 },
      { target: "installer/src/plan/d.ts", line: 6 },
      { target: "installer/src/plan/e.ts", line: 7 },
    ]);
  });
});
