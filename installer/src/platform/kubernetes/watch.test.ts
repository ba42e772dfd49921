import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { refusal } from "../../../test/stand-ins/api-server/answers.ts";
import { type ClusterBed, openClusterBed } from "../../../test/stand-ins/api-server/cluster-bed.ts";
import { configMap } from "../../../test/stand-ins/api-server/fake-api-server.ts";

const config = { apiVersion: "v1", kind: "ConfigMap" };

let bed: ClusterBed;
let stop: AbortController;
let seen: string[];

beforeEach(async () => {
  bed = await openClusterBed({ limits: { pageSize: 2 } });
  stop = new AbortController();
  seen = [];
});

afterEach(async () => {
  stop.abort();
  await bed.close();
});

function watch(onLost?: (error: unknown) => void): Promise<void> {
  return bed.cluster.watch(
    config,
    { namespace: "demo" },
    ({ type, object }) => void seen.push(`${type} ${object.metadata.name}`),
    { signal: stop.signal, ...(onLost === undefined ? {} : { onLost }) },
  );
}

/** Until the server has a watch of ours open. */
async function watching(): Promise<void> {
  await vi.waitFor(() => expect(bed.server.objects.watches()).toBe(1), { timeout: 20_000 });
}

async function hasSeen(...events: readonly string[]): Promise<void> {
  await vi.waitFor(() => expect(seen).toEqual(events), { timeout: 20_000 });
}

describe("a watch", () => {
  it("hands over what is there, then every change", async () => {
    const { objects } = bed.server;
    for (const name of ["a", "b", "c"]) objects.put(configMap(name));

    await watch();
    const first = [...seen];
    await watching();
    objects.put(configMap("b", { changed: "yes" }));
    objects.put(configMap("d"));
    objects.remove("ConfigMap", "a");
    objects.put(configMap("elsewhere", {}, "other"));

    expect(first).toEqual(["ADDED a", "ADDED b", "ADDED c"]);
    await hasSeen(...first, "MODIFIED b", "ADDED d", "DELETED a");
  });

  it("misses nothing between its list and its first request", async () => {
    const { objects } = bed.server;

    await watch();
    objects.put(configMap("a"));

    await hasSeen("ADDED a");
  });

  it.each([
    ["the server ends it", () => bed.server.objects.endWatches()],
    ["the connection breaks", () => bed.server.hangUp()],
  ])("goes on where it was when %s", async (_name, end) => {
    const { objects } = bed.server;
    objects.put(configMap("a"));
    await watch();
    await watching();
    objects.put(configMap("b"));
    await hasSeen("ADDED a", "ADDED b");

    end();
    objects.put(configMap("c"));

    await hasSeen("ADDED a", "ADDED b", "ADDED c");
  });

  it("tells what it missed when the server has forgotten that far back", async () => {
    const { objects } = bed.server;
    for (const name of ["same", "changes", "goes"]) objects.put(configMap(name));
    await watch();
    await watching();
    seen = [];

    objects.endWatches();
    objects.remove("ConfigMap", "goes");
    objects.put(configMap("changes", { changed: "yes" }));
    objects.put(configMap("comes"));
    objects.forget();

    await vi.waitFor(() => expect(seen.toSorted()).toEqual(["ADDED comes", "DELETED goes", "MODIFIED changes"]), {
      timeout: 20_000,
    });
  });

  it("does not list again for as long as the server tells it how far it is", async () => {
    const { objects, requests } = bed.server;
    await watch();
    await watching();

    objects.bookmark();
    const version = await vi.waitFor(() => {
      objects.endWatches();
      const last = requests.findLast(({ query }) => query.has("watch"))?.query.get("resourceVersion");
      expect(Number(last)).toBeGreaterThan(1000);
      return last;
    });
    await watching();

    expect(Number(version)).toBe(1001);
    expect(requests.filter(({ query }) => query.has("limit"))).toHaveLength(1);
    expect(requests.at(-1)?.query.get("allowWatchBookmarks")).toBe("true");
  });

  it("fails at its beginning, and later tells once that it is lost and goes on trying", async () => {
    let refuses = true;
    await bed.close();
    bed = await openClusterBed({
      limits: { lostMs: 60 },
      answer: () => (refuses ? refusal(500, "InternalError", "etcd is away") : undefined),
    });
    const lost: unknown[] = [];

    await expect(watch()).rejects.toMatchObject({ status: 500 });
    refuses = false;
    await watch((error) => lost.push(error));
    await watching();
    refuses = true;
    bed.server.objects.endWatches();
    await vi.waitFor(() => expect(lost).toHaveLength(1), { timeout: 20_000 });
    refuses = false;
    bed.server.objects.put(configMap("a"));

    await hasSeen("ADDED a");
    expect(lost).toMatchObject([{ message: expect.stringContaining("etcd is away") as string }]);
  });

  it("finds out that a connection died in silence", async () => {
    await bed.close();
    bed = await openClusterBed({ limits: { watchMs: 30, connectMs: 2000 } });
    await watch();
    await watching();

    await vi.waitFor(
      () => expect(bed.server.requests.filter(({ query }) => query.has("watch")).length).toBeGreaterThan(1),
      { timeout: 20_000 },
    );
  });

  it("ends with its signal, and holds nothing open", async () => {
    await watch();
    await watching();

    stop.abort();

    await vi.waitFor(() => expect(bed.server.objects.watches()).toBe(0));
    bed.server.objects.put(configMap("late"));
    expect(seen).toEqual([]);
  });

  it("of a kind that the cluster does not have is refused", async () => {
    const kind = { apiVersion: "apps/v1", kind: "Deploymint" };

    await expect(bed.cluster.watch(kind, {}, () => undefined, { signal: stop.signal })).rejects.toMatchObject({
      status: 404,
    });
  });
});
