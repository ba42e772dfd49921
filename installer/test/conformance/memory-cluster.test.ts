import { beforeEach, describe, expect, it } from "vitest";
import type { KubeObject, ObjectEvent } from "../../src/platform/cluster-ports.ts";
import { createMemoryCluster, type MemoryCluster } from "../support/memory-cluster.ts";

let memory: MemoryCluster;
beforeEach(() => {
  memory = createMemoryCluster({ namespaces: ["a"] });
});

function secret(name: string, value: string, more: object = {}): KubeObject {
  const data = { value: Buffer.from(value).toString("base64") };
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "a" }, data, ...more };
}

const ref = { apiVersion: "v1", kind: "Secret", name: "s", namespace: "a" };

describe("the cluster in memory", () => {
  it("knows versions: what was changed in between is not replaced, and what is there is not made again", async () => {
    const { cluster } = memory;
    const first = await cluster.create(secret("s", "1"));
    await expect(cluster.create(secret("s", "1"))).rejects.toMatchObject({ status: 409, reason: "AlreadyExists" });
    await cluster.merge(ref, { metadata: { labels: { x: "y" } } });

    await expect(cluster.replace({ ...first, data: {} })).rejects.toMatchObject({ status: 409, reason: "Conflict" });
    await expect(cluster.remove(ref, { uid: "another" })).rejects.toMatchObject({ status: 409 });
    const now = await cluster.get(ref);
    expect((await cluster.replace({ ...now!, data: {} })).metadata.resourceVersion).not.toBe(
      now?.metadata.resourceVersion,
    );
    expect(await cluster.remove(ref)).toBe(true);
    expect(await cluster.remove(ref)).toBe(false);
  });

  it("refuses what a real one refuses", async () => {
    const { cluster } = memory;
    const elsewhere = { ...secret("s", "1"), metadata: { name: "s", namespace: "none" } };
    await cluster.create(secret("fixed", "1", { immutable: true }));

    await expect(cluster.create(elsewhere)).rejects.toMatchObject({ status: 404 });
    await expect(cluster.create(secret("big", "x".repeat(1024 * 1024 + 1)))).rejects.toMatchObject({ status: 422 });
    await expect(cluster.create(secret("full", "x".repeat(1024 * 1024)))).resolves.toBeDefined();
    await expect(cluster.merge({ ...ref, name: "fixed" }, { data: { value: "Mg==" } })).rejects.toMatchObject({
      status: 422,
    });
    await expect(cluster.create(secret("Upper", "1"))).rejects.toMatchObject({ status: 422 });
    expect(memory.find("Secret", "big")).toBeUndefined();
  });

  it("keeps the fields of each manager apart, and tries without changing anything", async () => {
    const { cluster } = memory;
    const map = (data: object): KubeObject => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "m", namespace: "a" },
      data,
    });
    await cluster.apply(map({ mine: "1", gone: "1" }), { manager: "one" });
    await cluster.apply(map({ yours: "1" }), { manager: "two" });
    await cluster.apply(map({ mine: "1" }), { manager: "one" });
    await cluster.apply(map({ mine: "2" }), { manager: "one", dryRun: true });

    expect(memory.find("ConfigMap", "m")?.["data"]).toEqual({ mine: "1", yours: "1" });
    await expect(cluster.apply(map({ yours: "2" }), { manager: "one" })).rejects.toMatchObject({ status: 409 });
    await cluster.apply(map({ yours: "2" }), { manager: "one", force: true });
    expect(memory.find("ConfigMap", "m")?.["data"]).toEqual({ yours: "2" });
  });

  it("selects by labels and fields, and tells who watches", async () => {
    const { cluster } = memory;
    const events: string[] = [];
    const stop = new AbortController();
    const onEvent = ({ type, object }: ObjectEvent) => events.push(`${type} ${object.metadata.name}`);
    const labelled = (name: string, labels: Readonly<Record<string, string>>): KubeObject => ({
      ...secret(name, name),
      metadata: { name, namespace: "a", labels },
    });
    await cluster.create(labelled("one", { part: "x", tier: "a" }));
    await cluster.watch(ref, { namespace: "a", labels: "part=x" }, onEvent, { signal: stop.signal });
    await cluster.create(labelled("two", { part: "x", tier: "b" }));
    await cluster.create(labelled("three", { part: "y" }));
    await cluster.remove({ ...ref, name: "one" });
    stop.abort();
    await cluster.remove({ ...ref, name: "two" });

    expect(events).toEqual(["ADDED one", "ADDED two", "DELETED one"]);
    const names = async (labels: string): Promise<readonly string[]> =>
      (await cluster.listMetadata(ref, { labels })).map(({ metadata }) => metadata.name);
    expect(await names("part in (x, y)")).toEqual(["three"]);
    expect(await names("part,!tier")).toEqual(["three"]);
    expect(await names("part!=y")).toEqual([]);
    expect((await cluster.list(ref, { fields: "metadata.name=three" })).length).toBe(1);
  });

  it("takes with a namespace what is in it, and with an owner what it owns", async () => {
    const { cluster } = memory;
    const owner = await cluster.create(secret("owner", "1"));
    const ownerReferences = [{ kind: "Secret", name: "owner", uid: owner.metadata.uid! }];
    await cluster.create({ ...secret("owned", "1"), metadata: { name: "owned", namespace: "a", ownerReferences } });
    await cluster.create(secret("other", "1"));

    await cluster.remove({ ...ref, name: "owner" });
    expect(memory.all("Secret").map(({ metadata }) => metadata.name)).toEqual(["other"]);
    await cluster.remove({ apiVersion: "v1", kind: "Namespace", name: "a" });
    expect(memory.all("Secret")).toEqual([]);
  });

  it("answers nothing while it is away", async () => {
    memory.away = true;

    await expect(memory.cluster.get(ref)).rejects.toMatchObject({ code: "PREFLIGHT_FAILED" });
  });
});
