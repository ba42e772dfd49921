import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { BundleError, RegistryError } from "../../errors/installer-error.ts";
import { buildPushPlan } from "./build-push-plan.ts";
import type { PlannedImage } from "./push-plan.ts";
import { openPushJournal } from "./push-journal.ts";
import { type ImageOutcome, pushImages } from "./push-images.ts";
import { createTargetKnowledge } from "./target-knowledge.ts";
import { type FakeRegistry, createFakeRegistry } from "./testing/fake-registry.ts";
import { type Shelf, addIndex, addManifest, createShelf, planImage } from "./testing/sample-images.ts";
import { createWorkQueue } from "./work-queue.ts";

interface Setup {
  readonly connections?: number;
  readonly files?: ReturnType<typeof createMemoryFileSystem>;
  readonly signal?: AbortSignal;
}

async function push(registry: FakeRegistry, shelf: Shelf, images: readonly PlannedImage[], setup: Setup = {}) {
  const signal = setup.signal ?? new AbortController().signal;
  const queue = createWorkQueue(setup.connections ?? 4, signal);
  const journal = await openPushJournal(
    setup.files ?? createMemoryFileSystem(),
    "/cache/push/x.jsonl",
    () => undefined,
  );
  const states: string[] = [];
  const counted = { bytes: 0 };
  const plan = buildPushPlan("registry.test", images, (digest, repository) => journal.has(repository, digest));
  const outcomes = await pushImages({
    plan,
    client: registry,
    queue,
    journal,
    knowledge: createTargetKnowledge(registry, queue),
    originOf: (descriptor) => ({
      open: () => shelf.open(descriptor),
      openChecked: () => shelf.open(descriptor),
      toError: (problem) => new BundleError(`blob ${descriptor.digest} ${problem}`),
    }),
    signal,
    onBytes: (count) => {
      counted.bytes += count;
    },
    onBlob: (_descriptor, _repository, state) => states.push(state),
    onImage: () => undefined,
  });
  return { plan, outcomes, states, bytes: counted.bytes };
}

function statesOf(outcomes: readonly ImageOutcome[]): Readonly<Record<string, string>> {
  return Object.fromEntries(outcomes.map(({ image, state }) => [image.repository, state]));
}

const base = "layer of all ".repeat(1000);

async function twoImages(shelf: Shelf): Promise<readonly PlannedImage[]> {
  return [
    await planImage(shelf, addManifest(shelf, [base, "a"]), "team/one"),
    await planImage(shelf, addManifest(shelf, [base, "b"]), "team/two"),
  ];
}

describe("pushing to an empty registry", () => {
  it("sends each unique blob once and mounts it elsewhere", async () => {
    const shelf = createShelf();
    const registry = createFakeRegistry();

    const { plan, outcomes, bytes } = await push(registry, shelf, await twoImages(shelf));

    expect(bytes).toBe(plan.bytes);
    expect(registry.sentBytes()).toBe(plan.bytes);
    expect(registry.log.filter((line) => line.startsWith("POST mount"))).toHaveLength(1);
    expect(registry.incomplete()).toEqual([]);
    expect(outcomes.map(({ blobs }) => blobs)).toEqual([
      { cached: 0, mounted: 0, sent: 3, failed: 0 },
      { cached: 0, mounted: 1, sent: 2, failed: 0 },
    ]);
  });

  it("asks for no blob in a repository that does not exist", async () => {
    const shelf = createShelf();
    const registry = createFakeRegistry();

    await push(registry, shelf, await twoImages(shelf));

    expect(registry.log.filter((line) => line.startsWith("HEAD blob"))).toEqual([]);
  });

  it("opens the largest blob first", async () => {
    const shelf = createShelf();
    const registry = createFakeRegistry();
    const image = await planImage(shelf, addManifest(shelf, ["small", "m".repeat(500), "x".repeat(9000)]), "team/one");
    shelf.opened.length = 0;

    const { plan } = await push(registry, shelf, [image], { connections: 1 });

    expect(shelf.opened).toEqual(plan.blobs.map(({ descriptor }) => descriptor.digest));
    expect(plan.blobs.map(({ descriptor }) => descriptor.size)).toEqual(
      plan.blobs.map(({ descriptor }) => descriptor.size).toSorted((a, b) => b - a),
    );
  });

  it("puts children before the index and the tag last", async () => {
    const shelf = createShelf();
    const registry = createFakeRegistry();
    const root = addIndex(shelf, [addManifest(shelf, [base, "amd64"]), addManifest(shelf, [base, "arm64"])]);

    await push(registry, shelf, [await planImage(shelf, root, "team/one")]);

    const puts = registry.log.filter((line) => line.startsWith("PUT manifest"));
    expect(puts).toHaveLength(3);
    expect(puts[2]).toBe("PUT manifest team/one:1");
    expect(registry.log.at(-1)).toBe(puts[2]);
  });

  it("puts referrers after their subject and before the tag, and cosign's under its own tag", async () => {
    const shelf = createShelf();
    const registry = createFakeRegistry();
    const root = addManifest(shelf, [base]);
    const signature = addManifest(shelf, ["signature"], { subject: root });
    const image = await planImage(shelf, root, "team/one", [{ root: signature, tag: "sha256-abc.sig" }]);

    await push(registry, shelf, [image]);

    expect(registry.log.filter((line) => line.startsWith("PUT manifest"))).toEqual([
      `PUT manifest team/one:${root.digest}`,
      `PUT manifest team/one:${signature.digest}`,
      "PUT manifest team/one:sha256-abc.sig",
      "PUT manifest team/one:1",
    ]);
  });

  it("keeps within the connections and uses them all", async () => {
    const shelf = createShelf();
    // Nobody is answered before five have asked.
    const registry: FakeRegistry = createFakeRegistry({
      wait: async () => {
        do await delay(0);
        while (registry.mostAtOnce() < 5);
      },
    });
    const images = await Promise.all(
      Array.from({ length: 12 }, (_, n) => planImage(shelf, addManifest(shelf, [base, `own ${n}`]), `team/i${n}`)),
    );

    await push(registry, shelf, images, { connections: 5 });

    expect(registry.mostAtOnce()).toBe(5);
  });

  it("needs no more requests for 60 small images than the pool's floor", async () => {
    const shelf = createShelf();
    const registry = createFakeRegistry();
    const images: PlannedImage[] = [];
    for (let n = 0; n < 60; n += 1) {
      const layers = [`base ${n % 4}`, `runtime ${n % 8}`, `own ${n}`];
      images.push(await planImage(shelf, addManifest(shelf, layers), `team/image-${n}`));
    }

    const { plan } = await push(registry, shelf, images, { connections: 8 });

    const mounts = plan.blobs.reduce((sum, { repositories }) => sum + repositories.length - 1, 0);
    // A look at the tags and the manifest for each image, two requests for each blob.
    expect(registry.log).toHaveLength(2 * 60 + mounts + 2 * plan.blobs.length);
  });

  it("mounts a blob while others are still being sent", async () => {
    const shelf = createShelf();
    let release: () => void = () => undefined;
    const blocked = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = shelf.add("slow ".repeat(10), "x").digest;
    const registry = createFakeRegistry({
      wait: (line) => {
        if (line.startsWith("POST mount")) release();
        return line === `PUT blob team/one ${slow}` ? blocked : Promise.resolve();
      },
    });
    const images = [
      await planImage(shelf, addManifest(shelf, [base, "slow ".repeat(10)]), "team/one"),
      await planImage(shelf, addManifest(shelf, [base, "b"]), "team/two"),
    ];

    const { outcomes } = await push(registry, shelf, images, { connections: 2 });

    expect(outcomes.every(({ error }) => error === undefined)).toBe(true);
  });
});

describe("pushing to a registry that has something already", () => {
  it("asks for each blob where the repository exists and sends only what is missing", async () => {
    const shelf = createShelf();
    const registry = createFakeRegistry();
    await push(registry, shelf, [await planImage(shelf, addManifest(shelf, [base, "a"]), "team/one")]);
    const before = registry.sentBytes();
    const changed = await planImage(shelf, addManifest(shelf, [base, "changed"]), "team/one");

    const { outcomes, bytes } = await push(registry, shelf, [changed]);

    const added = changed.manifests[0]!.manifest;
    const wanted = added.kind === "image" ? added.config.size + "changed".length : 0;
    expect(bytes).toBe(wanted);
    expect(registry.sentBytes() - before).toBe(wanted);
    expect(outcomes[0]?.blobs).toEqual({ cached: 1, mounted: 0, sent: 2, failed: 0 });
  });

  it("sends a blob where the registry forbids mounts, and still completes", async () => {
    const shelf = createShelf();
    const registry = createFakeRegistry({ forbidMounts: true });

    const { plan, bytes, outcomes } = await push(registry, shelf, await twoImages(shelf));

    expect(bytes).toBe(plan.bytes + base.length);
    expect(outcomes.map(({ state }) => state)).toEqual(["sent", "sent"]);
    expect(registry.incomplete()).toEqual([]);
  });
});

describe("failures", () => {
  it("lets the other images through when a repository is refused", async () => {
    const shelf = createShelf();
    const registry = createFakeRegistry({
      refuse: (line) => {
        if (line.startsWith("POST") && line.includes(" team/one ")) throw new RegistryError("denied: team/one");
      },
    });

    const { outcomes } = await push(registry, shelf, await twoImages(shelf));

    expect(statesOf(outcomes)).toEqual({ "team/one": "failed", "team/two": "sent" });
    expect(outcomes[0]?.error?.message).toBe("denied: team/one");
    expect(registry.manifests.has("team/one")).toBe(false);
    expect(registry.incomplete()).toEqual([]);
  });

  it("fails only the images with a damaged blob, names it and tags none of them", async () => {
    const shelf = createShelf();
    const registry = createFakeRegistry();
    const images = await twoImages(shelf);
    const damaged = shelf.add("a", "x").digest;
    shelf.bytes.set(damaged, Buffer.from("z"));

    const { outcomes } = await push(registry, shelf, images);

    expect(statesOf(outcomes)).toEqual({ "team/one": "failed", "team/two": "sent" });
    expect(outcomes[0]?.error).toBeInstanceOf(BundleError);
    expect(outcomes[0]?.error?.message).toContain(`blob ${damaged} has the digest`);
    expect(registry.manifests.get("team/one")).toBeUndefined();
  });

  it.each([
    ["longer", "ab", "is longer than"],
    ["shorter", "", "ends after 0 of 1 bytes"],
  ])("names a blob that is %s than it says", async (_case, contents, problem) => {
    const shelf = createShelf();
    const registry = createFakeRegistry();
    const image = await planImage(shelf, addManifest(shelf, ["a"]), "team/one");
    shelf.bytes.set(shelf.add("a", "x").digest, Buffer.from(contents));

    const { outcomes } = await push(registry, shelf, [image]);

    expect(outcomes[0]?.error?.message).toContain(problem);
  });

  it("gives the rest up when every blob is refused, and says so", async () => {
    const shelf = createShelf();
    const registry = createFakeRegistry({
      refuse: (line) => {
        if (line.startsWith("POST")) throw new RegistryError("no space left");
      },
    });
    const images = await Promise.all(
      Array.from({ length: 30 }, (_, n) => planImage(shelf, addManifest(shelf, [`own ${n}`]), `team/i${n}`)),
    );

    const { outcomes } = await push(registry, shelf, images, { connections: 2 });

    const tried = registry.log.filter((line) => line.startsWith("POST"));
    expect(tried.length).toBeLessThanOrEqual(6);
    expect(outcomes.every(({ state }) => state === "failed")).toBe(true);
    expect(outcomes.some(({ error }) => error?.message.includes("not tried") === true)).toBe(true);
    expect(outcomes.every(({ error }) => error?.message.includes("no space left") === true)).toBe(true);
  });

  it("leaves out what only failed images need", async () => {
    const shelf = createShelf();
    const large = "L".repeat(5000);
    const registry = createFakeRegistry({
      refuse: (line) => {
        if (line.startsWith("POST upload")) throw new RegistryError("denied");
      },
    });
    const image = await planImage(shelf, addManifest(shelf, [large, "s1", "s2", "s3", "s4", "s5"]), "team/one");

    await push(registry, shelf, [image], { connections: 1 });

    expect(registry.log.filter((line) => line.startsWith("POST upload"))).toHaveLength(1);
  });

  it("tags nothing when a child manifest is refused", async () => {
    const shelf = createShelf();
    const child = addManifest(shelf, ["amd64"]);
    const registry = createFakeRegistry({
      refuse: (line) => {
        if (line === `PUT manifest team/one:${child.digest}`) throw new RegistryError("refused");
      },
    });

    const { outcomes } = await push(registry, shelf, [await planImage(shelf, addIndex(shelf, [child]), "team/one")]);

    expect(outcomes[0]?.state).toBe("failed");
    expect(registry.manifests.get("team/one")?.has("1")).not.toBe(true);
  });

  it("ends with the reason it was stopped for, and starts nothing after", async () => {
    const shelf = createShelf();
    const stop = new AbortController();
    const registry = createFakeRegistry({
      wait: (line) => {
        if (line.startsWith("PUT blob")) stop.abort(new Error("stopped"));
        return Promise.resolve();
      },
    });

    const pushed = push(registry, shelf, await twoImages(shelf), { connections: 1, signal: stop.signal });

    await expect(pushed).rejects.toThrow("stopped");
    expect(registry.log.filter((line) => line.startsWith("PUT"))).toHaveLength(1);
  });
});

describe("going on after a push that was killed", () => {
  it("sends nothing again that the journal names and the registry has", async () => {
    const shelf = createShelf();
    const files = createMemoryFileSystem();
    const images = await twoImages(shelf);
    let left = 3;
    const dying = createFakeRegistry({
      refuse: (line) => {
        if (line.startsWith("PUT blob") && (left -= 1) < 0) throw new RegistryError("gone");
      },
    });
    await push(dying, shelf, images, { files, connections: 1 });
    const registry = createFakeRegistry();
    for (const [name, digests] of dying.blobs) registry.blobs.set(name, new Set(digests));
    const had = [...dying.blobs.values()].reduce((sum, digests) => sum + digests.size, 0);

    const { plan, bytes, outcomes } = await push(registry, shelf, images, { files });

    const there = plan.blobs.filter(({ descriptor }) =>
      [...dying.blobs.values()].some((d) => d.has(descriptor.digest)),
    );
    expect(had).toBeGreaterThanOrEqual(3);
    expect(bytes).toBe(plan.bytes - there.reduce((sum, { descriptor }) => sum + descriptor.size, 0));
    expect(outcomes.every(({ error }) => error === undefined)).toBe(true);
    expect(registry.incomplete()).toEqual([]);
  });

  it("sends everything when the registry was emptied since", async () => {
    const shelf = createShelf();
    const files = createMemoryFileSystem();
    const images = await twoImages(shelf);
    await push(createFakeRegistry(), shelf, images, { files });
    const emptied = createFakeRegistry();

    const { plan, bytes } = await push(emptied, shelf, images, { files });

    expect(bytes).toBe(plan.bytes);
    expect(emptied.incomplete()).toEqual([]);
  });
});

describe("a connection that breaks", () => {
  it("is not held against the source: the blob is sent again", async () => {
    const shelf = createShelf();
    const registry = createFakeRegistry();
    const image = await planImage(shelf, addManifest(shelf, ["a".repeat(100)]), "team/one");
    let broken = 0;
    const breaking: FakeRegistry = {
      ...registry,
      placeBlob: async (placement) => {
        if (broken === 0) {
          broken += 1;
          const stream = await placement.open();
          await new Promise((closed) =>
            stream
              .once("close", closed)
              .once("error", () => undefined)
              .destroy(new Error("reset")),
          );
        }
        return registry.placeBlob(placement);
      },
    };

    const { outcomes } = await push(breaking, shelf, [image]);

    expect(outcomes[0]?.state).toBe("sent");
  });
});
