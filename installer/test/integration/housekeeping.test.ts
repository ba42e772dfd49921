/** Housekeeping of a registry that keeps its layers in MinIO, behind the gateway, on this machine's engine: three components of infra alone. */
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanRegistry, type RegistryHousekeepingResult } from "../../src/actions/housekeeping/registry.ts";
import { readImageTable } from "../../src/actions/desired/load-plan.ts";
import { openAssets } from "../../src/cli/assets.ts";
import { openInstall } from "../../src/execute/state/install.ts";
import { buildPlan } from "../../src/plan/build-plan.ts";
import { registryCleaning } from "../../src/plan/components/registry.ts";
import type { Component, Job, Plan } from "../../src/plan/model.ts";
import { removeLeftovers } from "../support/engine-leftovers.ts";
import { errorOf } from "../support/error-of.ts";
import { fixturePorts, installFixture } from "../support/fixture-install.ts";
import { findFreePorts, portArguments } from "../support/free-ports.ts";
import { infraValues } from "../support/infra-plan.ts";
import { schemaProblems } from "../support/json-schemas.ts";
import { newName } from "../support/platform.ts";

const name = newName();
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";
const here = new Set(["gateway", "minio", "registry"]);
let folder: string;
let place: { readonly name: string; readonly stateDir: string };
let address: string;
let authorization: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), `${name}-`));
  place = { name, stateDir: join(folder, "state") };
  const free = await findFreePorts();
  address = `http://localhost:${free.http}/v2`;
  const sets = portArguments(free).filter((word) => word !== "--set");
  const values = infraValues(sets);
  const images = readImageTable(openAssets());
  const plan = reduced(buildPlan({ values, images, name, profile: "infra", version: "0.0.0" }));
  const ports = fixturePorts();
  const openDesire = async () => {
    const rendering = await ports.target.render(plan);
    return () => Promise.resolve({ plan, rendering, valuesText: "{}", given: () => undefined });
  };
  await installFixture(place, ports, { openDesire });
  const password = (await readFile(join(place.stateDir, "secrets", "registry"), "utf8")).trim();
  authorization = `Basic ${Buffer.from(`${values.registry.user}:${password}`).toString("base64")}`;
}, 240_000);

afterAll(async () => {
  await removeLeftovers(name);
  await rm(folder, { recursive: true, force: true });
}, 60_000);

/** What the registry works with, and the way to it. */
function reduced(plan: Plan): Plan {
  const jobs = plan.jobs.filter(({ component }) => ["minio", "registry"].includes(component));
  const known = (ref: string): boolean => here.has(ref.split(".")[0] ?? "");
  const without = <T extends Component | Job>(row: T): T => ({
    ...row,
    reaches: row.reaches.filter(known),
    needs: row.needs.filter((need) =>
      need.kind === "healthy" ? here.has(need.component) : jobs.some(({ id }) => id === need.job),
    ),
  });
  return {
    ...plan,
    components: plan.components.filter(({ id }) => here.has(id)).map((row) => without({ ...row, databases: [] })),
    jobs: jobs.map(without),
    routes: plan.routes.filter(({ action }) => action.kind !== "proxy" || known(action.to)),
    wires: [],
  };
}

const digestOf = (content: string): string => `sha256:${createHash("sha256").update(content).digest("hex")}`;

interface Asked {
  readonly method: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function ask(path: string, init: Asked = { method: "GET" }): Promise<Response> {
  return fetch(`${address}/${path}`, { ...init, headers: { ...init.headers, authorization } });
}

/** @returns the status of the first answer that was no success, or of the last */
async function pushBlob(content: string): Promise<number> {
  const begun = await ask("people/image/blobs/uploads/", { method: "POST" });
  if (begun.status !== 202) return begun.status;
  const where = new URL(begun.headers.get("location") ?? "", `${address}/`);
  where.searchParams.set("digest", digestOf(content));
  const headers = { authorization, "content-type": "application/octet-stream" };
  return (await fetch(where, { method: "PUT", headers, body: content })).status;
}

async function pushManifest(reference: string, document: object, type = manifestType): Promise<string> {
  const body = JSON.stringify({ schemaVersion: 2, mediaType: type, ...document });
  const target = reference === "" ? digestOf(body) : reference;
  const answer = await ask(`people/image/manifests/${target}`, {
    method: "PUT",
    body,
    headers: { "content-type": type },
  });
  expect(answer.status).toBe(201);
  return digestOf(body);
}

interface Pushed {
  readonly digest: string;
  readonly layer: string;
}

/** An image of one layer; by digest alone where it gets no tag. */
async function pushImage(tag = ""): Promise<Pushed> {
  const layer = randomBytes(64).toString("hex");
  expect(await pushBlob(layer)).toBe(201);
  expect(await pushBlob("{}")).toBe(201);
  const digest = await pushManifest(tag, {
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf("{}"), size: 2 },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", digest: digestOf(layer), size: layer.length }],
  });
  return { digest, layer: digestOf(layer) };
}

async function isThere(kind: "blobs" | "manifests", reference: string): Promise<boolean> {
  const accept = `${manifestType}, ${indexType}`;
  const answer = await ask(`people/image/${kind}/${reference}`, { method: "GET", headers: { accept } });
  await answer.arrayBuffer();
  return answer.status === 200;
}

const clean = (
  request: { readonly dryRun?: boolean; readonly untagged?: boolean } = {},
  failpoint: (at: string) => Promise<void> = () => Promise.resolve(),
): Promise<RegistryHousekeepingResult> => {
  const asked = { dryRun: false, untagged: false, minutes: 2, ...request };
  return cleanRegistry({ ...place, ...asked }, { ...fixturePorts(), failpoint });
};

const noticesFolder = (): string => join(place.stateDir, "live", "notices", "gateway");
const stepNow = (): number => Math.floor(Date.now() / 100_000);

describe("housekeeping of the registry", () => {
  it("finds nothing where nobody has pushed yet", async () => {
    expect(await clean({ dryRun: true })).toMatchObject({ blobs: 0, keptBlobs: 0 });
  }, 60_000);

  it("on a dry run says what would be removed, and removes nothing", async () => {
    const kept = await pushImage("kept");
    const orphan = randomBytes(32).toString("hex");
    expect(await pushBlob(orphan)).toBe(201);

    const result = await clean({ dryRun: true });

    expect(result).toMatchObject({ dryRun: true, blobs: 1, images: 0, keptBlobs: 3, heldSeconds: 0 });
    expect(schemaProblems(result)).toEqual([]);
    expect(await isThere("blobs", digestOf(orphan))).toBe(true);
    expect(await isThere("blobs", kept.layer)).toBe(true);
  }, 60_000);

  it("removes what no image names and keeps what one does; a push waits meanwhile, and a pull does not", async () => {
    const tagged = await pushImage("tagged");
    const byDigest = await pushImage();
    const orphan = randomBytes(32).toString("hex");
    expect(await pushBlob(orphan)).toBe(201);
    const meanwhile: unknown[] = [];

    const result = await clean({}, async (at) => {
      if (at !== "pushes:held") return;
      const refused = await ask("people/image/blobs/uploads/", { method: "POST" });
      const put = await ask("people/image/manifests/new", { method: "PUT", body: "{}" });
      meanwhile.push(
        refused.status,
        refused.headers.get("retry-after"),
        put.status,
        await isThere("manifests", "tagged"),
      );
    });

    expect(meanwhile).toEqual([503, "30", 503, true]);
    expect(result.blobs).toBeGreaterThanOrEqual(1);
    expect(schemaProblems(result)).toEqual([]);
    expect(await isThere("blobs", digestOf(orphan))).toBe(false);
    for (const { digest, layer } of [tagged, byDigest]) {
      expect(await isThere("manifests", digest)).toBe(true);
      expect(await isThere("blobs", layer)).toBe(true);
    }
    expect(await pushBlob(orphan)).toBe(201);
    expect(await isThere("blobs", digestOf(orphan))).toBe(true);
  }, 120_000);

  it("removes images without a tag when asked to, and none that an index with a tag names", async () => {
    const [first, second] = [await pushImage(), await pushImage()];
    const replaced = await pushImage("moved");
    const current = await pushImage("moved");
    const manifests = [];
    for (const { digest } of [first, second]) {
      const size = Number(
        (await ask(`people/image/manifests/${digest}`, { method: "HEAD" })).headers.get("content-length"),
      );
      manifests.push({ mediaType: manifestType, digest, size });
    }
    await pushManifest("both", { manifests }, indexType);

    await clean({ untagged: true });

    expect(await isThere("manifests", replaced.digest)).toBe(false);
    expect(await isThere("blobs", replaced.layer)).toBe(false);
    for (const { digest, layer } of [first, second, current]) {
      expect(await isThere("manifests", digest)).toBe(true);
      expect(await isThere("blobs", layer)).toBe(true);
    }
  }, 120_000);

  it("of a run that was killed holds pushes for ten minutes at most where it may take two, and keeps others away so long", async () => {
    const begun = Date.now();
    let left: readonly string[] = [];
    await clean({}, async (at) => {
      if (at === "pushes:held") left = await readdir(noticesFolder());
    });
    const last = Math.max(...left.map((file) => Number(file.slice("push-".length))));
    expect((last + 1) * 100_000 - begun).toBeLessThanOrEqual(600_000);

    for (const ahead of [0, 1]) await writeFile(join(noticesFolder(), `push-${stepNow() + ahead}`), "");
    expect(await pushBlob("later")).toBe(503);
    expect(await errorOf(() => clean())).toMatchObject({ code: "LOCKED" });

    for (const file of await readdir(noticesFolder())) await rm(join(noticesFolder(), file));
    await writeFile(join(noticesFolder(), `push-${stepNow() - 1}`), "");
    expect(await pushBlob("later")).toBe(201);
  }, 120_000);

  it.each([
    ["is over when it begins", 0, -1, 124],
    ["has not begun by its clock", 300, 600, 1],
  ])(
    "what it starts does nothing where its time %s",
    async (_what, from, until, status) => {
      const ports = fixturePorts();
      const now = Math.floor(Date.now() / 1000);
      const words = [`${now + from}`, `${now + until}`];
      const run = { id: registryCleaning.job, title: "Clean", limitSeconds: 60, arguments: words };

      expect(
        await ports.target.runJob(await openInstall(place, ports.fs), run, { ...ports, redact: (line) => line }),
      ).toBe(status);
    },
    60_000,
  );
});
