import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { expect, it } from "vitest";
import { mustRun } from "../support/child.ts";
import { runPrefix } from "../support/platform.ts";

// Runs after all others: the sequence of files is by name.
it("these tests leave nothing on the engine and no files", async () => {
  const lists = await Promise.all([
    mustRun("docker", ["ps", "--all", "--format", '{{.Names}} {{.Label "dev.slipway.name"}}']),
    mustRun("docker", ["network", "ls", "--format", '{{.Name}} {{.Label "dev.slipway.name"}}']),
    mustRun("docker", ["volume", "ls", "--format", '{{.Name}} {{.Label "dev.slipway.name"}}']),
    readdir(tmpdir()).then((names) => names.join("\n")),
  ]);

  const left = lists.flatMap((list) => list.split("\n")).filter((line) => line.includes(runPrefix));
  expect(left).toEqual([]);
});
