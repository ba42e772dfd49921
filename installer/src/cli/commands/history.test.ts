import { expect, it } from "vitest";
import type { DiffResult } from "../../actions/history/diff.ts";
import type { HistoryResult } from "../../actions/history/history.ts";
import { apiVersion, cli, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

const told: HistoryResult = {
  apiVersion,
  kind: "HistoryResult",
  name: "slipway",
  revision: 2,
  revisions: [1, 2],
  entries: [
    { at: "2026-01-01T10:00:00.000Z", version: "0.1.0", revision: 1, result: "complete", changed: [] },
    {
      at: "2026-01-02T10:00:00.000Z",
      command: "install",
      version: "0.2.0",
      revision: 2,
      result: "complete",
      ms: 65_000,
      changed: ["ports.http 80 → 81", "recreate gateway"],
    },
    {
      at: "2026-01-03T10:00:00.000Z",
      command: "install",
      version: "0.2.0",
      result: "failed",
      ms: 900,
      changed: ["recreate redis"],
      error: { code: "APPLY_FAILED", message: "redis ends at once" },
    },
    { at: "2026-01-04T10:00:00.000Z", command: "stop", version: "0.2.0", result: "open", changed: [] },
  ],
};

it("history prints a line for each run, the newest last", async () => {
  const run = await cli("history", { history: () => Promise.resolve(told) });

  const lines = run.stdout().trimEnd().split("\n");
  expect(lines[0]).toMatch(/^REVISION +WHEN +COMMAND +VERSION +RESULT +TOOK +CHANGED$/);
  expect(lines[1]).toMatch(/^1 +2026-01-0\d \d\d:\d\d +- +0\.1\.0 +complete +- +-$/);
  expect(lines[2]).toMatch(/^2 .* install +0\.2\.0 +complete +1 min 5 s +ports\.http 80 → 81; recreate gateway$/);
  expect(lines[3]).toMatch(/^- .* failed \(APPLY_FAILED\) +900 ms +redis ends at once; recreate redis$/);
  expect(lines[4]).toMatch(/^- .* stop +0\.2\.0 +under way or cut off +- +-$/);
});

it("history shows the last ones, or all of it to a program", async () => {
  const engine = { history: () => Promise.resolve(told) };
  const last = await cli("history --limit 1", engine);
  const json = await cli("history --limit 1 --json", engine);

  expect(last.stdout()).toMatch(/^3 earlier, shown with a greater --limit\nREVISION.*\n- .*stop .*\n$/);
  expect(JSON.parse(json.stdout())).toEqual(told);
});

const differences: DiffResult = {
  apiVersion,
  kind: "DiffResult",
  name: "slipway",
  from: { revision: 1, at: "2026-01-01T10:00:00.000Z", version: "0.1.0", planHash: "a" },
  to: { revision: 2, at: "", version: "0.2.0", planHash: "b" },
  changed: true,
  incomplete: true,
  values: [
    { path: "ports.http", from: "80", to: "81" },
    { path: "redis.external.password", from: "(not shown)", to: "(not shown)" },
  ],
  plan: [
    { subject: "component", id: "gateway", change: "changed", details: ["published[80] removed: 80"] },
    { subject: "job", id: "seed", change: "added", details: [] },
  ],
  images: [{ name: "slipway/redis:1", change: "changed" }],
  secrets: [{ name: "redis", change: "changed" }],
};

it("diff prints values, then what became of them, with commands as they have to be typed", async () => {
  const run = await cli("--name try diff 1 2", { diffRevisions: () => Promise.resolve(differences) });

  expect(run.requests["diffRevisions"]?.[0]).toMatchObject({ name: "try", from: 1, to: 2 });
  expect(run.stdout().replace(/\d{4}-\d\d-\d\d \d\d:\d\d/, "THEN")).toBe(
    [
      "revision 1 (THEN, slipway 0.1.0) → revision 2 (slipway 0.2.0)",
      "values:",
      "  ports.http 80 → 81",
      "  redis.external.password changed (not shown)",
      "~ component gateway",
      "    published[80] removed: 80",
      "+ job seed",
      "~ image slipway/redis:1 changed",
      "~ secret redis changed",
      "a change was begun and is not complete: slipway --name try status says what runs, slipway --name try plan what is to come",
      "",
    ].join("\n"),
  );
});

it("diff wants the number of a revision", async () => {
  const run = await cli("diff three", {});

  expect(run.status).toBe(2);
  expect(run.stderr()).toContain("it must be a whole number from 1 up");
});
