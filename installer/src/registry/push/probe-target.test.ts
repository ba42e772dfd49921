import { describe, expect, it } from "vitest";
import { RegistryError } from "../../errors/installer-error.ts";
import { TransportError } from "../../platform/transport-error.ts";
import { buildPushPlan } from "./build-push-plan.ts";
import { probeTarget } from "./probe-target.ts";
import { createFakeRegistry } from "./testing/fake-registry.ts";
import { addManifest, createShelf, planImage } from "./testing/sample-images.ts";
import { createWorkQueue } from "./work-queue.ts";

const shelf = createShelf();
const root = addManifest(shelf, ["a"]);
const probes = Array.from({ length: 9 }, (_unused, n) => ({ repository: `team/${n}`, tag: "1", root }));
const queue = () => createWorkQueue(4, new AbortController().signal);

describe("asking what is there", () => {
  it("takes one request per image", async () => {
    const registry = createFakeRegistry();

    const results = await probeTarget(probes, registry, queue());

    expect(registry.log).toEqual(probes.map(({ repository }) => `HEAD manifest ${repository}:1`));
    expect([...results.values()].every(({ state }) => state === "missing")).toBe(true);
  });

  it("asks by digest for what has no tag", async () => {
    const registry = createFakeRegistry();

    await probeTarget([{ repository: "team/x", root }], registry, queue());

    expect(registry.log).toEqual([`HEAD manifest team/x:${root.digest}`]);
  });

  it("ends after one request when nothing answers", async () => {
    const cause = new TransportError("refused", "refused");
    const registry = createFakeRegistry({
      refuse: () => {
        throw new RegistryError("nothing answers", { cause });
      },
    });

    await expect(probeTarget(probes, registry, queue())).rejects.toThrow("nothing answers");
    expect(registry.log).toHaveLength(1);
  });

  it("goes on past a repository that is closed to us", async () => {
    const registry = createFakeRegistry({
      refuse: (line) => {
        if (line.includes("team/0:")) throw new RegistryError("denied");
      },
    });

    const results = await probeTarget(probes, registry, queue());

    const states = [...results.values()].map(({ state }) => state);
    expect(states.filter((state) => state === "refused")).toHaveLength(1);
    expect(states).toHaveLength(9);
  });
});

describe("a plan of a push", () => {
  it("has each blob once, the largest first, with the bytes each repository will hold", async () => {
    const images = [
      await planImage(shelf, addManifest(shelf, ["shared ".repeat(9), "x"]), "team/one"),
      await planImage(shelf, addManifest(shelf, ["shared ".repeat(9), "yy"]), "team/two"),
    ];

    const plan = buildPushPlan("registry.test", images);

    const sizes = plan.blobs.map(({ descriptor }) => descriptor.size);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    expect(plan.bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
    expect(plan.repositories.map(({ repository }) => repository)).toEqual(["team/one", "team/two"]);
    expect(plan.repositories.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(plan.bytes + 63);
  });

  it("prefers the repository that has been given a blob before", async () => {
    const images = [
      await planImage(shelf, addManifest(shelf, ["same", "1"]), "team/one"),
      await planImage(shelf, addManifest(shelf, ["same", "2"]), "team/two"),
    ];

    const plan = buildPushPlan("registry.test", images, (_digest, repository) => repository === "team/two");

    const shared = plan.blobs.find(({ repositories }) => repositories.length === 2);
    expect(shared?.repositories).toEqual(["team/two", "team/one"]);
  });
});
