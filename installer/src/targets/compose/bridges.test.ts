import { expect, test } from "vitest";
import { fixturePlan } from "../../../test/support/fixture-plan.ts";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import type { Install } from "../../execute/state/install.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { nothingApplied } from "../../execute/state/records.ts";
import type { ContainerState, NetworkState } from "../../platform/ports.ts";
import { specLabel } from "../../render/compose/labels.ts";
import type { ComposePorts } from "./compose-ports.ts";
import { observeCompose } from "./observe.ts";

const networks: readonly NetworkState[] = ["app", "data", "edge"].map((zone, index) => {
  const id = `${index}`.repeat(64);
  const bridge = { device: `br-${id.slice(0, 12)}`, address: `172.18.${index}.1` };
  return { id, name: `p_${zone}`, subnets: [], bridge };
});

/** Why nobody reaches the store on p_data, on a host with these interfaces and addresses. */
async function severed(interfaces: readonly string[], addresses: readonly string[] = []): Promise<readonly string[]> {
  const container: ContainerState = {
    ...{ id: "c", name: "p-store-1", service: "store", image: "i", imageId: "sha", ports: [] },
    ...{ state: "running", health: "healthy", networks: ["p_data"], labels: { [specLabel]: "s" } },
  };
  const docker: Partial<ComposePorts["docker"]> = {
    containers: () => Promise.resolve([container]),
    networks: () => Promise.resolve(networks),
    volumes: () => Promise.resolve([]),
    findImages: () => Promise.resolve({ ids: new Map(), digests: new Map() }),
  };
  const fs = createMemoryFileSystem({
    ...Object.fromEntries(interfaces.map((name) => [`/sys/class/net/${name}`, ""])),
    "/proc/net/fib_trie": addresses.map((address) => `  |-- ${address}\n     /32 host LOCAL\n`).join(""),
  });
  const install: Install = {
    ...{ name: "p", stateDir: "/state", layout: stateLayout("/state"), identity: undefined },
    ...{ applied: nothingApplied, plan: fixturePlan({ name: "p" }), pendingPlan: undefined },
  };
  const ports = { docker, fs } as Partial<ComposePorts> as ComposePorts;
  const { services } = await observeCompose(install, { components: ["store"], images: [] }, ports);
  return services.get("store")?.severed ?? ["not seen"];
}

test("a component whose network lost its bridge is cut off", async () => {
  expect(await severed(["lo", "br-000000000000", "br-222222222222"])).toEqual([
    "on the network p_data it reaches nobody: its bridge br-111111111111 is gone from this host",
  ]);
});

test("a component whose network's bridge lost its address is cut off", async () => {
  const all = ["br-000000000000", "br-111111111111", "br-222222222222"];

  expect(await severed(all, ["172.18.0.1", "172.18.2.1"])).toEqual([
    "on the network p_data it reaches nobody: its bridge br-111111111111 no longer has the address 172.18.1.1",
  ]);
  expect(await severed(all, ["172.18.0.1", "172.18.1.1", "172.18.2.1"])).toEqual([]);
});

test("another network's bridge is no matter of it, and with an engine elsewhere none is looked for", async () => {
  expect(await severed(["br-111111111111"])).toEqual([]);
  expect(await severed(["lo", "docker0", "br-999999999999"])).toEqual([]);
});
