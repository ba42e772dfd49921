import { describe, expect, it } from "vitest";
import { rules } from "../../targets/compose/rules.ts";
import { createMemoryFileSystem, createStillClock } from "../../../test/support/memory-ports.ts";
import { openAssets } from "../../cli/assets.ts";
import { RegistryError } from "../../errors/installer-error.ts";
import type { ActionPorts } from "../context.ts";
import { loadDesired } from "../desired/desired.ts";
import { provideImages } from "./provide-images.ts";

/** Nothing can be built here, and the registry has everything but what is named. */
function fakePorts(absent: RegExp, pulled: string[]): ActionPorts {
  const docker = {
    imageIds: () => Promise.resolve(new Map()),
    pull: (reference: string) => {
      if (absent.test(reference)) return Promise.reject(new RegistryError(`${reference} could not be pulled`));
      pulled.push(reference);
      return Promise.resolve();
    },
  };
  const assets = { ...openAssets(), checkout: undefined };
  const { signal } = new AbortController();
  const images = docker;
  const target = { ...rules, images };
  return {
    images,
    target,
    assets,
    signal,
    fs: createMemoryFileSystem(),
    clock: createStillClock(),
    report: () => undefined,
  } as unknown as ActionPorts;
}

async function provide(set: readonly string[], absent = /^$/) {
  const pulled: string[] = [];
  const ports = fakePorts(absent, pulled);
  const values = { files: [], set, without: [] };
  const desired = await loadDesired({ name: "slipway", stateDir: "/state", values }, ports);
  const { unavailable } = await provideImages(desired, { stateDir: "/state", goOn: false }, ports);
  return { pulled, unavailable: unavailable.map(({ reference }) => reference) };
}

describe("provideImages", () => {
  it("pulls images of ours too when a registry of one's own is set", async () => {
    const { pulled, unavailable } = await provide(["images.registry=harbor.corp.example/platform"]);

    expect(unavailable).toEqual([]);
    expect(pulled.length).toBeGreaterThan(10);
    expect(pulled.filter((reference) => !reference.startsWith("harbor.corp.example/platform/"))).toEqual([]);
  });

  it("names what the registry does not have", async () => {
    const { unavailable } = await provide(["images.registry=harbor.corp.example/platform"], /\/nats:/);

    expect(unavailable).toEqual([expect.stringMatching(/^harbor\.corp\.example\/platform\/slipway\/nats:/)]);
  });

  it("asks no registry for a name of our own, whoever put it into the values", async () => {
    const set = ["nats.image=docker.io/slipway/nats:1.0"];
    const { pulled, unavailable } = await provide(set);

    expect(pulled).toEqual(["casbin/casdoor:3.62.0"]);
    expect(unavailable).toContain("docker.io/slipway/nats:1.0");
  });

  it("builds images of ours otherwise, and pulls only those of others", async () => {
    const { pulled, unavailable } = await provide([]);

    expect(pulled).toEqual(["casbin/casdoor:3.62.0"]);
    expect(unavailable.every((reference) => reference.startsWith("slipway/"))).toBe(true);
  });
});
