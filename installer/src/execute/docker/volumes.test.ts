import { expect, test } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import type { Component, Plan } from "../../plan/model.ts";
import type { Docker, Host } from "../../platform/ports.ts";
import type { Applied } from "../state/state-store.ts";
import { guardData, nameLabel } from "./volumes.ts";

const volume = {
  engineName: "p_db-data",
  component: "db",
  volume: "data",
  uid: 10_001,
  hostPath: "/srv/data/db-data",
  marker: "PG_VERSION",
};
const component = { id: "db", volumes: [{ name: "data", sizeGiB: 1, dataClass: "backup" }] };
const plan = { components: [component as unknown as Component] } as unknown as Plan;
const applied = { initialised: { [volume.engineName]: { component: "db", at: "" } } } as unknown as Applied;

/** Root on a host whose engine has the volume; `files` is what lies on the disk. */
function guard(files: Readonly<Record<string, string>>): Promise<void> {
  const live = { name: volume.engineName, labels: { [nameLabel]: "p" }, mountpoint: "/engine/p_db-data" };
  const docker: Pick<Docker, "volumes"> = { volumes: () => Promise.resolve([live]) };
  const host: Pick<Host, "isRoot"> = { isRoot: () => true };
  return guardData(
    { docker: docker as Docker, fs: createMemoryFileSystem(files), host: host as Host },
    { name: "p", plan, volumes: [volume], applied, probeImage: undefined },
  );
}

test("data below a directory of the host is found", async () => {
  await expect(guard({ "/srv/data/db-data/PG_VERSION": "17\n" })).resolves.toBeUndefined();
});

test("a disk that is not mounted is lost data, not an empty store", async () => {
  await expect(guard({})).rejects.toMatchObject({
    code: "DATA_EXPECTED",
    details: ["p_db-data (db): PG_VERSION is not in it"],
  });
});
