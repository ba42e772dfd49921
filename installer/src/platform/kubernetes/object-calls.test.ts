import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { refusal } from "../../../test/stand-ins/api-server/answers.ts";
import { type ClusterBed, openClusterBed } from "../../../test/stand-ins/api-server/cluster-bed.ts";
import { configMap } from "../../../test/stand-ins/api-server/fake-api-server.ts";

const config = { apiVersion: "v1", kind: "ConfigMap" };
const web = { ...config, namespace: "demo", name: "web" };
const certificate = { apiVersion: "cert-manager.io/v1", kind: "Certificate" };

let bed: ClusterBed;

beforeEach(async () => {
  bed = await openClusterBed({ limits: { pageSize: 2 } });
});

afterEach(() => bed.close());

describe("a cluster", () => {
  it("says where it is, what it is and what it has", async () => {
    const { cluster, server } = bed;

    expect(cluster.place()).toEqual({ context: "test", server: server.url, namespace: "demo" });
    await expect(cluster.version()).resolves.toEqual({ version: "v1.35.4", platform: "linux/amd64" });
    await expect(cluster.knows({ apiVersion: "apps/v1", kind: "Deployment" })).resolves.toBe(true);
    await expect(cluster.knows({ apiVersion: "apps/v1", kind: "Deploymint" })).resolves.toBe(false);
    await expect(cluster.knows(certificate)).resolves.toBe(false);
  });

  it("is spoken to over connections that are kept, and by a name", async () => {
    const { cluster, server } = bed;

    for (let count = 0; count < 5; count += 1) await cluster.get(web);

    expect(server.connections()).toBe(1);
    expect(server.requests.at(-1)?.headers).toMatchObject({
      authorization: "Bearer the-token",
      "user-agent": "slipway",
    });
  });
});

describe("an object", () => {
  it("is created once, read, replaced as it was read, and removed", async () => {
    const { cluster } = bed;

    const created = await cluster.create(configMap("web", { a: "1" }));
    await expect(cluster.create(configMap("web"))).rejects.toMatchObject({ status: 409, reason: "AlreadyExists" });
    const read = await cluster.get(web);
    const replaced = await cluster.replace({ ...created, data: { a: "2" } });
    await expect(cluster.replace({ ...created, data: { a: "3" } })).rejects.toMatchObject({
      status: 409,
      reason: "Conflict",
    });
    const removed = [await cluster.remove(web), await cluster.remove(web)];

    expect(read).toEqual(created);
    expect(read?.metadata).not.toHaveProperty("managedFields");
    expect(replaced["data"]).toEqual({ a: "2" });
    expect(removed).toEqual([true, false]);
    await expect(cluster.get(web)).resolves.toBeUndefined();
  });

  it("is applied by the server, for a field manager, and strictly", async () => {
    const { cluster, server } = bed;

    await cluster.apply(configMap("web", { a: "1" }), { manager: "slipway", force: true, dryRun: true });

    expect(server.requests.at(-1)).toMatchObject({
      method: "PATCH",
      path: "/api/v1/namespaces/demo/configmaps/web",
      headers: { "content-type": "application/apply-patch+yaml" },
      body: configMap("web", { a: "1" }),
    });
    expect(server.requests.at(-1)?.query.toString()).toBe(
      "fieldValidation=Strict&fieldManager=slipway&force=true&dryRun=All",
    );
    await expect(cluster.get(web)).resolves.toBeUndefined();
  });

  it("is changed by what differs, also in a part of it", async () => {
    const { cluster, server } = bed;
    await cluster.create(configMap("web", { a: "1", b: "2" }));

    const merged = await cluster.merge(web, { data: { a: null, c: "3" } }, { subresource: "status" });
    const absent = await cluster.merge({ ...web, name: "absent" }, { data: {} });

    expect(merged?.["data"]).toEqual({ b: "2", c: "3" });
    expect(absent).toBeUndefined();
    expect(server.requests.find(({ method }) => method === "PATCH")).toMatchObject({
      path: "/api/v1/namespaces/demo/configmaps/web/status",
      headers: { "content-type": "application/merge-patch+json" },
    });
  });

  it("is removed with what it owns, and only when it is the one that is meant", async () => {
    const { cluster, server } = bed;
    const { metadata } = await cluster.create(configMap("web"));

    await expect(cluster.remove(web, { uid: "of-another" })).resolves.toBe(false);
    await expect(
      cluster.remove(web, { uid: metadata.uid ?? "", propagation: "Foreground", graceSeconds: 5 }),
    ).resolves.toBe(true);

    expect(server.requests.at(-1)?.body).toMatchObject({
      kind: "DeleteOptions",
      propagationPolicy: "Foreground",
      gracePeriodSeconds: 5,
    });
  });

  it("of a kind that the cluster does not have is not there, and cannot be made", async () => {
    const { cluster } = bed;
    const ref = { ...certificate, namespace: "demo", name: "web" };

    await expect(cluster.get(ref)).resolves.toBeUndefined();
    await expect(cluster.remove(ref)).resolves.toBe(false);
    await expect(cluster.merge(ref, {})).resolves.toBeUndefined();
    await expect(cluster.list(certificate, {})).resolves.toEqual([]);
    const object = { ...certificate, metadata: { namespace: "demo", name: "web" } };
    await expect(cluster.apply(object, { manager: "slipway" })).rejects.toMatchObject({
      status: 404,
      message: "the cluster refused to apply Certificate demo/web: it has no kind Certificate of cert-manager.io/v1",
    });
  });

  it("in a namespace is never asked for without it", async () => {
    await expect(bed.cluster.get({ ...config, name: "web" })).rejects.toMatchObject({ code: "INTERNAL" });
  });
});

describe("a list", () => {
  beforeEach(() => {
    for (const name of ["a", "b", "c", "d", "e"]) {
      const { metadata, ...rest } = configMap(name, { name });
      bed.server.objects.put({ ...rest, metadata: { ...metadata, labels: { half: name < "c" ? "one" : "two" } } });
    }
    bed.server.objects.put(configMap("elsewhere", {}, "other"));
  });

  const names = async (namespace?: string, labels?: string): Promise<readonly string[]> => {
    const query = { ...(namespace === undefined ? {} : { namespace }), ...(labels === undefined ? {} : { labels }) };
    const found = await bed.cluster.list(config, query);
    return found.map(({ metadata }) => metadata.name);
  };

  it("comes whole, page by page, of one namespace or of all, by labels", async () => {
    await expect(names("demo")).resolves.toEqual(["a", "b", "c", "d", "e"]);
    await expect(names()).resolves.toHaveLength(6);
    await expect(names("demo", "half=two")).resolves.toEqual(["c", "d", "e"]);

    const pages = bed.server.requests.filter(({ path }) => path.endsWith("/configmaps"));
    expect(pages.map(({ query }) => query.get("limit"))).toEqual(Array<string>(8).fill("2"));
  });

  it("says the kind of its objects, which lists leave out", async () => {
    const [first] = await bed.cluster.list(config, { namespace: "demo" });

    expect(first).toMatchObject({ ...config, data: { name: "a" } });
  });

  it("may be of what identifies objects only", async () => {
    const [first] = await bed.cluster.listMetadata(config, { namespace: "demo" });

    expect(first).toMatchObject({ ...config, metadata: { name: "a", labels: { half: "one" } } });
    expect(first).not.toHaveProperty("data");
  });

  it("begins anew when the server has forgotten the rest of it", async () => {
    let forgotten = false;
    await bed.close();
    bed = await openClusterBed({
      limits: { pageSize: 2 },
      answer: ({ query }) => {
        if (!query.has("continue") || forgotten) return undefined;
        forgotten = true;
        return refusal(410, "Expired", "The provided continue parameter is too old");
      },
    });
    for (const name of ["a", "b", "c"]) bed.server.objects.put(configMap(name));

    await expect(names("demo")).resolves.toEqual(["a", "b", "c"]);
  });
});
