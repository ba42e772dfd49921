import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pLimit from "p-limit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { status } from "../../src/actions/status/status.ts";
import {
  buildFixtureProgram,
  containerIds,
  engineObjects,
  type FixtureProgram,
  newPlace,
  readSecretFiles,
} from "../support/fixture-engine.ts";
import { fixturePorts, installFixture } from "../support/fixture-install.ts";

let program: FixtureProgram;
beforeAll(async () => {
  program = await buildFixtureProgram();
});
afterAll(() => {
  program.remove();
});

/** Every point an undisturbed run passes; a step added later is swept without a word here. */
async function everyFailpoint(): Promise<readonly string[]> {
  const place = newPlace();
  try {
    const file = join(place.stateDir, "..", "failpoints");
    const ended = await program.run(place, { SLIPWAY_FAILPOINT_LOG: file });
    expect(ended.stderr).not.toContain('"failed"');
    expect(ended.exitCode).toBe(0);
    return [...new Set(readFileSync(file, "utf8").trim().split("\n"))];
  } finally {
    await place.remove();
  }
}

/** Names of the secrets that the records know as made: they must never be made again. */
function recordedSecrets(stateDir: string): ReadonlySet<string> {
  const path = join(stateDir, "applied.json");
  if (!existsSync(path)) return new Set();
  const { secrets = {} } = JSON.parse(readFileSync(path, "utf8")) as { readonly secrets?: object };
  return new Set(Object.keys(secrets));
}

/** What is wrong after a kill at this point and one more run; empty when nothing is. */
async function killAndRerun(failpoint: string): Promise<readonly string[]> {
  const place = newPlace();
  try {
    const killed = await program.run(place, { SLIPWAY_FAILPOINT: failpoint });
    if (killed.signal !== "SIGKILL") return [`${failpoint}: was not reached, ${killed.stderr}`];
    const before = existsSync(join(place.stateDir, "secrets")) ? readSecretFiles(place.stateDir) : {};
    const recorded = recordedSecrets(place.stateDir);
    const rerun = await program.run(place);
    if (rerun.exitCode !== 0) return [`${failpoint}: the run after it ended with ${rerun.exitCode}: ${rerun.stderr}`];
    const kept = Object.fromEntries(
      Object.entries(before).filter(([file]) => recorded.has(file.split(".", 1)[0] ?? "")),
    );
    return await problemsOf(place, failpoint, kept);
  } finally {
    await place.remove();
  }
}

async function problemsOf(
  place: { readonly name: string; readonly stateDir: string },
  failpoint: string,
  secretsBefore: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const seen = await status(place, fixturePorts());
  const secretsAfter = readSecretFiles(place.stateDir);
  const containers = Object.keys(await containerIds(place.name)).sort();
  const again = await installFixture(place, fixturePorts());
  if (seen.overall !== "healthy") problems.push(`${failpoint}: ${seen.overall}`);
  if (containers.join() !== "app,store,web") problems.push(`${failpoint}: containers are ${containers.join()}`);
  if ((await engineObjects(place.name)).length !== 3 + 3 + 3 + 1)
    problems.push(`${failpoint}: stray objects on the engine`);
  for (const [name, value] of Object.entries(secretsBefore)) {
    if (secretsAfter[name] !== value) problems.push(`${failpoint}: the secret ${name} was made anew`);
  }
  if (again.changed) problems.push(`${failpoint}: a third run still changed something`);
  return problems;
}

test("a run killed at any point of its journal is completed by the next one", { timeout: 900_000 }, async () => {
  const failpoints = await everyFailpoint();
  const limit = pLimit(3);
  const problems = await Promise.all(failpoints.map((failpoint) => limit(() => killAndRerun(failpoint))));

  expect(problems.flat()).toEqual([]);
  expect(failpoints).toEqual(expect.arrayContaining(["state:identity", "after:create:intent", "before:record:done"]));
});

test("a recovery that is killed again and again still ends well", { timeout: 300_000 }, async () => {
  const place = newPlace();
  const deaths = [
    "state:format",
    "secret:ca.privateKey",
    "after:files:intent",
    "after:create:intent",
    "after:start:store:intent",
    "after:job:prepare:intent",
    "record:plan",
  ];
  try {
    const signals = [];
    for (const failpoint of deaths) signals.push((await program.run(place, { SLIPWAY_FAILPOINT: failpoint })).signal);
    const last = await program.run(place);

    expect(signals).toEqual(deaths.map(() => "SIGKILL"));
    expect(last.exitCode).toBe(0);
    expect(await problemsOf(place, "double kill", {})).toEqual([]);
  } finally {
    await place.remove();
  }
});
