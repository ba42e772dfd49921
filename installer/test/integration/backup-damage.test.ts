/** One file of a repository of backups is not what was written: a check says so, and no restore writes anything else than what was stored. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { mustRun, runChild } from "../support/child.ts";
import { type DamageOutcome, type DamageRun, parts } from "./backup-damage-inside.ts";
import { fileKinds } from "./backup-damages.ts";
import { bundleInside, imageOf } from "./backup-world.ts";

const isFull = process.env["SLIPWAY_FULL"] === "1";
const run: DamageRun = { seed: 20_261_130, step: isFull ? 1 : 4 };
/** Two hundred in all. */
const expected = 200 / run.step;

let whole: DamageOutcome;
let damaged: readonly DamageOutcome[];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-damage-"));
  await mustRun("chmod", ["0755", folder]);
  await bundleInside("backup-damage-inside.ts", join(folder, "inside.cjs"));
  const user = "10001:10001";
  const place = ["/tmp:mode=1777,size=512m", "/staging:mode=0777,size=512m"].flatMap((at) => ["--tmpfs", at]);
  const { stdout, stderr, exitCode } = await runChild(
    "docker",
    [
      ...["run", "--rm", "-i", "--network", "none", "--read-only", "--cap-drop", "ALL", "--user", user, ...place],
      ...["-v", `${folder}/inside.cjs:/inside.cjs:ro`, "--entrypoint", "tini", await imageOf("toolbox")],
      ...["--", "node", "/inside.cjs"],
    ],
    { input: JSON.stringify(run) },
  );
  if (exitCode !== 0) throw new Error(stderr);
  const [first, ...rest] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as DamageOutcome);
  if (first === undefined) throw new Error("nothing was tried");
  [whole, damaged] = [first, rest];
}, 900_000);

afterAll(async () => rm(folder, { recursive: true, force: true }));

it("a repository that is whole is found whole, and every restore would write what was stored", () => {
  expect(whole.found).toBe("");
  expect(Object.values(whole.restores)).toEqual(parts.map(() => ({ end: "exact" })));
  expect(damaged).toHaveLength(expected);
  expect(new Set(damaged.map(({ kind }) => kind))).toEqual(new Set(fileKinds));
});

it("no restore from a damaged one writes anything but what was stored, and one that cannot says so by name", () => {
  const slipped = damaged.flatMap(({ name, restores }) =>
    parts.filter((part) => restores[part].end === "slipped").map((part) => ({ name, part, ...restores[part] })),
  );

  expect(slipped).toEqual([]);
  for (const part of parts) {
    expect(new Set(damaged.map(({ restores }) => restores[part].end)), part).toEqual(new Set(["refused", "exact"]));
  }
});

it("the check finds every damage but a second copy of a pack, from which everything comes back", () => {
  const unfound = damaged.filter(({ found }) => found === "");

  expect(unfound.filter(({ kind, way }) => kind !== "packs" || way !== "twice")).toEqual([]);
  for (const { restores } of unfound) expect(Object.values(restores)).toEqual(parts.map(() => ({ end: "exact" })));
});
