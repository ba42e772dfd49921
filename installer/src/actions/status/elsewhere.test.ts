import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixturePorts, installFixture } from "../../../test/support/fixture-install.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import type { Target } from "../../targets/target.ts";
import type { ActionPorts } from "../context.ts";
import { stop } from "../lifecycle/lifecycle.ts";
import { runJob } from "../run-job/run-job.ts";
import { logs } from "../logs/logs.ts";
import { exportCa } from "../secrets/ca-export.ts";
import { listSecrets } from "../secrets/secrets.ts";
import { verify } from "../verify/verify.ts";
import { status } from "./status.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-elsewhere-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const name = "moved";

/** A platform that is installed, whose containers tell where its records were, or do not. */
async function installed(records?: string): Promise<ActionPorts> {
  const { target } = createMemoryTarget();
  const telling: Target = {
    ...target,
    remains: async (install) => {
      const remains = await target.remains(install);
      return { ...remains, workloads: remains.workloads.map((workload) => ({ ...workload, records })) };
    },
  };
  const ports = { ...fixturePorts(), target: telling };
  await installFixture({ name, stateDir: join(folder, "state"), request: { skipVerify: true } }, ports);
  return ports;
}

test("a platform whose records are elsewhere is told by every command, with where they were", async () => {
  const ports = await installed("/var/lib/slipway/moved");
  const place = { name, stateDir: join(folder, "other") };
  const message = `a platform named moved runs here (app, store, web), whose records are not in ${place.stateDir}`;
  const hint =
    "it was installed from /var/lib/slipway/moved: as the user who did that, give --state-dir /var/lib/slipway/moved, or the directory that it was moved to";

  expect(await status(place, ports)).toMatchObject({
    installed: false,
    overall: "not-installed",
    elsewhere: { message, hint },
  });
  const lines = { components: [], follow: false, tail: 1, onLine: () => undefined };
  for (const command of [
    () => stop(place, ports),
    () => verify(place, ports),
    () => logs({ ...place, ...lines }, ports),
    () => listSecrets(place, ports),
    () => exportCa(place, ports),
    () => runJob({ ...place, job: "store-init" }, ports),
  ]) {
    await expect(command()).rejects.toMatchObject({ code: "PREFLIGHT_FAILED", message, hint });
  }
});

test("where they were is not known, or nothing of the name is there", async () => {
  const ports = await installed();

  expect(await status({ name, stateDir: join(folder, "other") }, ports)).toMatchObject({
    elsewhere: { hint: "give the directory of its records with --state-dir" },
  });
  const nothing = { ...fixturePorts(), target: createMemoryTarget().target };
  expect(await status({ name, stateDir: join(folder, "other") }, nothing)).not.toHaveProperty("elsewhere");
  await expect(stop({ name, stateDir: join(folder, "other") }, nothing)).rejects.toMatchObject({
    message: "nothing is installed under the name moved",
  });
});
