import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect } from "vitest";
import { status } from "../../src/actions/status/status.ts";
import {
  buildFixtureProgram,
  containerIds,
  type FixtureProgram,
  newPlace,
  type Place,
  readSecretFiles,
} from "../support/fixture-engine.ts";
import { fixturePorts, installFixture, planFixture } from "../support/fixture-install.ts";
import { itUnless } from "../support/unless.ts";
import { checkOut010, lackOf010 } from "../support/version-010.ts";

describe("state that 0.1.0 wrote", () => {
  let place: Place;
  let checkout: string;
  let program: FixtureProgram;
  const obstacle = lackOf010();

  beforeEach(async () => {
    if (obstacle !== undefined) return;
    place = newPlace();
    checkout = checkOut010(false);
    program = await buildFixtureProgram(checkout);
  });
  afterEach(async () => {
    if (obstacle !== undefined) return;
    program.remove();
    rmSync(checkout, { recursive: true, force: true });
    await place.remove();
  });

  itUnless(obstacle, "is taken over without a container restarted", async () => {
    const same = { ...place, as010: true };
    const installed = await program.run(place);
    const before = { ids: await containerIds(place.name), secrets: readSecretFiles(place.stateDir) };
    const started = await startTimes(before.ids);
    const seen = await status(place, fixturePorts());
    const planned = await planFixture(same, fixturePorts());
    const result = await installFixture(same, fixturePorts());

    expect(installed).toMatchObject({ exitCode: 0 });
    expect(seen).toMatchObject({ overall: "healthy", release: 1 });
    expect(seen.components.flatMap(({ drift }) => drift)).toEqual([]);
    expect(planned.changed).toBe(false);
    expect(result).toMatchObject({ changed: false, release: 1 });
    expect(await containerIds(place.name)).toEqual(before.ids);
    expect(await startTimes(before.ids)).toEqual(started);
    expect(readSecretFiles(place.stateDir)).toEqual(before.secrets);
  });

  itUnless(obstacle, "is of format 2 after the first change, and refused by 0.1.0 from then on", async () => {
    await program.run(place);
    const before = await containerIds(place.name);
    const changed = await installFixture({ ...place, as010: true, greeting: "good day" }, fixturePorts());
    const after = await containerIds(place.name);
    const refused = await program.run(place);
    const applied = JSON.parse(readFileSync(join(place.stateDir, "applied.json"), "utf8")) as object;

    expect(changed).toMatchObject({ changed: true, release: 2 });
    expect({ ...after, app: "" }).toEqual({ ...before, app: "" });
    expect(readFileSync(join(place.stateDir, "format"), "utf8")).toBe("2\n");
    expect(applied).toMatchObject({
      apiVersion: "slipway/v2",
      kind: "Applied",
      initialised: { "store/data": { at: expect.any(String) as string } },
      target: { containers: { store: { containerId: after["store"] } } },
    });
    expect(refused.exitCode).toBe(4);
    expect(refused.stderr).toContain("has state format 2");
  });
});

async function startTimes(ids: Readonly<Record<string, string>>): Promise<readonly unknown[]> {
  const { docker } = fixturePorts();
  return Promise.all(Object.values(ids).map(async (id) => (await docker.inspect(id)).startedAt));
}
