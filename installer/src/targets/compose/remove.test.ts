import { expect, test } from "vitest";
import { createMemoryFileSystem, createStillClock } from "../../../test/support/memory-ports.ts";
import type { Install } from "../../execute/state/install.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { nothingApplied } from "../../execute/state/records.ts";
import type { Docker, Host } from "../../platform/ports.ts";
import { EngineRefusal } from "../../platform/docker/engine-errors.ts";
import type { InstallerEvent } from "../../events/event.ts";
import type { ComposePorts } from "./compose-ports.ts";
import { installLabel, nameLabel } from "../../render/compose/labels.ts";
import { removeCompose } from "./remove.ts";

const place = "/srv/data/db-data";
const labels = { [nameLabel]: "p", [installLabel]: "u" };
const install: Install = {
  name: "p",
  stateDir: "/state",
  layout: stateLayout("/state"),
  identity: { uuid: "u", name: "p", createdAt: "", digestKey: "", target: { kind: "compose" } },
  applied: nothingApplied,
  plan: undefined,
  pendingPlan: undefined,
};

/** A purge after an uninstall: no container is left to take an image from, and the volume lies in a directory of the host. */
function purge({ mayRemove }: { readonly mayRemove: boolean }) {
  const removed: string[] = [];
  const docker: Partial<Docker> = {
    containers: () => Promise.resolve([]),
    containersLabelled: () => Promise.resolve([]),
    networks: () => Promise.resolve([]),
    volumes: (wanted) => {
      const all = [{ name: "p_db-data", labels, mountpoint: "", hostPath: place }];
      return Promise.resolve(all.filter((one) => Object.keys(wanted).every((label) => label in one.labels)));
    },
    removeVolume: (name) => Promise.resolve(void removed.push(name)),
  };
  const fs = createMemoryFileSystem({ [`${place}/PG_VERSION`]: "17" });
  const refuse = () => Promise.reject(Object.assign(new Error("EACCES"), { code: "EACCES" }));
  const host: Pick<Host, "isRoot"> = { isRoot: () => false };
  const ports = { docker, fs: mayRemove ? fs : { ...fs, remove: refuse }, host, clock: createStillClock() };
  const io = { report: () => undefined, signal: new AbortController().signal, redact: (line: string) => line };
  const ended = removeCompose(install, { data: true, plan: undefined }, io, ports as unknown as ComposePorts);
  return { ended, removed };
}

test("a purge does not say that a directory is gone which it could not remove, and keeps what it can be repeated by", async () => {
  const { ended, removed } = purge({ mayRemove: false });

  await expect(ended).rejects.toMatchObject({
    code: "APPLY_FAILED",
    message: `data is left in ${place}, and this user may not remove it`,
    hint: expect.stringContaining("as root") as string,
  });
  expect(removed).toEqual([]);
});

test("a directory that is gone is named, and its volume goes with it", async () => {
  const { ended, removed } = purge({ mayRemove: true });

  expect(await ended).toMatchObject({ directories: [place], volumes: ["p_db-data"] });
  expect(removed).toEqual(["p_db-data"]);
});

test("a network that a container of others is attached to is left and named, and the rest goes", async () => {
  const gone: string[] = [];
  const reason = 'network p_app has active endpoints (name:"tool")';
  const docker: Partial<Docker> = {
    containers: () => Promise.resolve([]),
    containersLabelled: () => Promise.resolve([]),
    networks: () =>
      Promise.resolve([
        { id: "1", name: "p_app", subnets: [] },
        { id: "2", name: "p_data", subnets: [] },
      ]),
    removeNetwork: (id) => {
      if (id === "1") return Promise.reject(new EngineRefusal("to remove network 1", 403, reason));
      return Promise.resolve(void gone.push(id));
    },
  };
  const ports = { docker, fs: createMemoryFileSystem(), host: { isRoot: () => true }, clock: createStillClock() };
  const events: InstallerEvent[] = [];
  const io = {
    report: (event: InstallerEvent) => void events.push(event),
    signal: new AbortController().signal,
    redact: (line: string) => line,
  };

  const removed = await removeCompose(install, { data: false, plan: undefined }, io, ports as unknown as ComposePorts);

  expect(removed.networks).toEqual(["p_data"]);
  expect(gone).toEqual(["2"]);
  expect(events).toContainEqual(
    expect.objectContaining({ type: "warning", message: `the network p_app is left: ${reason}` }),
  );
});
