import { describe, expect, test } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { requireData } from "../../execute/data-guard.ts";
import type { Docker, Host } from "../../platform/ports.ts";
import { storesOf } from "../../render/rendering.ts";
import { nameLabel } from "../../render/compose/labels.ts";
import { composeVolumes, inspectVolumes } from "./volumes.ts";

const volume = {
  engineName: "p_db-data",
  component: "db",
  volume: "data",
  dataClass: "backup" as const,
  uid: 10_001,
  hostPath: "/srv/data/db-data",
  marker: "PG_VERSION",
};

/** Looks into the volume on a host whose engine has it; `files` is what lies on the disk. */
async function look(files: Readonly<Record<string, string>>, asRoot = true): Promise<void> {
  const live = { name: volume.engineName, labels: { [nameLabel]: "p" }, mountpoint: "/engine/p_db-data" };
  const docker: Pick<Docker, "volumes"> = { volumes: () => Promise.resolve([live]) };
  const host: Pick<Host, "isRoot"> = { isRoot: () => asRoot };
  const ports = { docker: docker as Docker, fs: createMemoryFileSystem(files), host: host as Host };
  requireData([volume], await inspectVolumes(ports, "p", [volume], undefined));
}

describe("data that served before", () => {
  test("is found below a directory of the host", async () => {
    await expect(look({ "/srv/data/db-data/PG_VERSION": "17\n" })).resolves.toBeUndefined();
  });

  test("is lost, not an empty store, on a disk that is not mounted", async () => {
    await expect(look({})).rejects.toMatchObject({
      code: "DATA_EXPECTED",
      details: ["p_db-data (db): PG_VERSION is not in it"],
    });
  });

  test("is not taken for there where nobody can look", async () => {
    await expect(look({}, false)).rejects.toMatchObject({
      code: "DATA_EXPECTED",
      message: "cannot tell whether the data of db is there; nothing was started",
    });
  });
});

test("volumes lie below the data directory when there is one", () => {
  const plan = infraPlan(["dataDir=/srv/slipway"]);

  expect(composeVolumes(plan, storesOf(plan)).find((row) => row.component === "postgres")).toEqual({
    engineName: "slipway_postgres-data",
    component: "postgres",
    volume: "data",
    dataClass: "backup",
    hostPath: "/srv/slipway/postgres-data",
    uid: 10_001,
    marker: "PG_VERSION",
  });
});
