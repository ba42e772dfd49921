import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { InterruptedError } from "../../src/errors/installer-error.ts";
import { startChild } from "../support/child.ts";
import { findIncomplete, sampleImages, tagsIn, uniqueBytes } from "./push-world.ts";
import { setUp, closeRegistries } from "./pushed-images.ts";

closeRegistries();

describe("a push that is stopped", () => {
  it("by Ctrl-C says so, and the same command goes on", async () => {
    const { world, registry, images } = await setUp(sampleImages(6), { latencyMs: 5 });
    const stop = new AbortController();
    const stalled = registry.inject({ method: "PUT", nth: 3, fault: { kind: "stall" } });
    const pushed = world.push(registry.host, {}, stop.signal);
    while (stalled.hits === 0) await delay(2);

    stop.abort(new InterruptedError("interrupted"));

    await expect(pushed).rejects.toThrow(InterruptedError);
    expect(findIncomplete(registry)).toEqual([]);
    const result = await world.push(registry.host);
    expect(result.ok).toBe(true);
    expect(tagsIn(registry)).toHaveLength(Object.keys(images).length);
  });

  it.each([10, 50, 90])("by kill -9 at %d percent sends at most one blob per connection again", async (percent) => {
    const images = sampleImages(8, 400_000);
    const { world, registry } = await setUp(images, { latencyMs: 3 });
    const connections = 3;
    const args = ["push", "--from", `oci:${world.layout}`, "--to", registry.host, "--connections", String(connections)];
    const start = () =>
      startChild(process.execPath, ["installer/src/cli/main.ts", ...args, "--json"], {
        env: { PATH: process.env["PATH"], HOME: world.folder, XDG_CACHE_HOME: join(world.folder, "xdg") },
      });
    const child = start();
    while (registry.bytesReceived() < (uniqueBytes(images) * percent) / 100) await delay(1);
    child.process.kill("SIGKILL");
    await child.ended;
    expect(findIncomplete(registry)).toEqual([]);

    const done = await start().ended;

    expect([done.exitCode, done.stderr.includes("FAILED")]).toEqual([0, false]);
    const sizes = [
      ...new Map(
        Object.values(images).flatMap(({ blobs }) =>
          blobs.map((b) => [b.descriptor.digest, b.descriptor.size] as const),
        ),
      ).values(),
    ];
    const allowed = sizes
      .toSorted((a, b) => b - a)
      .slice(0, connections)
      .reduce((sum, size) => sum + size, 0);
    expect(registry.bytesReceived()).toBeLessThanOrEqual(uniqueBytes(images) + allowed);
    expect(tagsIn(registry)).toHaveLength(8);
    expect(findIncomplete(registry)).toEqual([]);
  });

  it("and whose registry was emptied since starts over", async () => {
    const { world, registry, images } = await setUp(sampleImages(4));
    registry.inject({
      method: "PUT",
      path: /manifests/,
      fault: { kind: "error", status: 400, code: "MANIFEST_INVALID" },
    });
    await world.push(registry.host);
    const [journal] = await readdir(join(world.folder, "cache", "push"));
    expect((await readFile(join(world.folder, "cache", "push", journal ?? ""), "utf8")).split("\n")).toHaveLength(14);
    const { store } = registry;
    for (const map of [store.blobs, store.sizes, store.links, store.manifests, store.tagsOf]) map.clear();
    registry.clearFaults();
    registry.clearLog();

    const result = await world.push(registry.host);

    expect(result.ok).toBe(true);
    expect(registry.bytesReceived()).toBe(uniqueBytes(images));
    expect(findIncomplete(registry)).toEqual([]);
  });
});
