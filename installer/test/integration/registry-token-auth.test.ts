import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { describeUnless } from "../support/unless.ts";
import type { PushOutcome } from "../../src/actions/push/push-outcome.ts";
import { InstallerError } from "../../src/errors/installer-error.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { createRegistryClient } from "../../src/registry/create-registry-client.ts";
import type { RegistryClient } from "../../src/registry/registry-client.ts";
import { type DistributionRegistry, startDistributionRegistry } from "./distribution-registry.ts";
import { createPushPorts, pushTo, selectedImage } from "./push-to-registry.ts";
import { startTokenIssuer, type TokenIssuer } from "../stand-ins/registry/signed-tokens.ts";
import { syntheticBytes, syntheticImage, syntheticIndex } from "../stand-ins/registry/synthetic-image.ts";

const ports = createPushPorts(() => undefined);
const image = await ownImage();

/** The reference of our registry image, when it is built here. */
async function ownImage(): Promise<string | undefined> {
  const path = new URL("../../../images/images.generated.json", import.meta.url);
  const { images } = JSON.parse(await readFile(path, "utf8")) as { images: { registry: { reference: string } } };
  const found = await ports.images.imageId(images.registry.reference).catch(() => undefined);
  return found === undefined ? undefined : images.registry.reference;
}

const base = syntheticBytes("base", 300_000);
const one = syntheticImage("one", [base, syntheticBytes("one", 50_000)]);
const two = syntheticIndex([
  syntheticImage("two", [base, syntheticBytes("two", 50_000)]),
  syntheticImage("two arm", [base, syntheticBytes("two arm", 50_000)], "arm64"),
]);
const images = [selectedImage("docker.io/slipway/one:1", one), selectedImage("quay.io/org/two:2", two)];
const users = {
  writer: { password: "writer-password", actions: ["pull", "push"] },
  reader: { password: "reader-password", actions: ["pull"] },
} as const;

const obstacle = image === undefined ? "the image of the registry is not built" : undefined;

describeUnless(obstacle, "a distribution registry with token authentication", () => {
  let issuer: TokenIssuer;
  let registry: DistributionRegistry;
  let folder: string;
  const clients: RegistryClient[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "slipway-token-auth-"));
    issuer = await startTokenIssuer(users);
    registry = await startDistributionRegistry(ports.exec, image ?? "", issuer);
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(async () => {
    await registry.close();
    await issuer.close();
    await rm(folder, { recursive: true, force: true });
  });

  const push = (to: string, user = "writer", password = "writer-password"): Promise<PushOutcome> =>
    pushTo({ to: `${registry.host}/${to}`, user, password, folder, images }, ports);

  function clientOf(username: string, password: string): RegistryClient {
    const client = createRegistryClient({
      host: registry.host,
      http: ports.http({ connections: 4, environment: {} }),
      clock: ports.clock,
      random: ports.random,
      credentials: { find: () => Promise.resolve({ kind: "password", username, password }) },
      plainHttp: true,
      signal: ports.signal,
    });
    clients.push(client);
    return client;
  }

  it("takes a push, whole, and gives it back", async () => {
    const outcome = await push("whole");

    expect(outcome.images.map(({ state, error }) => error?.message ?? state)).toEqual(["sent", "sent"]);
    const client = clientOf("reader", "reader-password");
    expect((await client.headManifest("whole/org/two", "2"))?.digest).toBe(two.root.digest);
    for (const { descriptor } of two.manifests) {
      expect((await client.getManifest("whole/org/two", descriptor.digest))?.descriptor.digest).toBe(descriptor.digest);
    }
    for (const { descriptor } of one.blobs) {
      expect(digestOf(await buffer(await client.openBlob("whole/slipway/one", descriptor)))).toBe(descriptor.digest);
    }
    expect(await client.tags("whole/org/two")).toEqual(["2"]);
  });

  it("gets each blob once; elsewhere it is mounted, with a token that may pull from there", async () => {
    const before = issuer.issued.length;

    const outcome = await push("mounts");

    const unique = new Map([...one.blobs, ...two.blobs].map(({ descriptor }) => [descriptor.digest, descriptor.size]));
    const sent = outcome.images.reduce((sum, row) => sum + row.sentBytes, 0);
    expect(sent).toBe([...unique.values()].reduce((sum, size) => sum + size, 0));
    expect(outcome.blobs.mounted).toBe(1);
    const both = issuer.issued
      .slice(before)
      .filter(
        (scopes) => scopes.some((scope) => scope.includes("/one:")) && scopes.some((scope) => scope.includes("/two:")),
      );
    expect(both.length).toBeGreaterThan(0);
  });

  it("is sent nothing a second time", async () => {
    await push("again");

    const outcome = await push("again");

    expect(outcome.images.map(({ state, sentBytes }) => [state, sentBytes])).toEqual([
      ["cached", 0],
      ["cached", 0],
    ]);
  });

  it("is not written to by a user who may only read, and the error says what to change", async () => {
    const outcome = await push("reader", "reader", "reader-password");

    expect(outcome.ok).toBe(false);
    for (const { error } of outcome.images) {
      expect(error?.code).toBe("REGISTRY_FAILED");
      expect(error?.message).toContain("does not let this user write");
      expect(error?.hint).toContain("reader");
    }
  });

  it("names the user whose password is wrong, and not the password", async () => {
    let thrown: unknown;
    await push("wrong", "writer", "hunter2").catch((error: unknown) => (thrown = error));

    expect(thrown).toBeInstanceOf(InstallerError);
    const { message, hint, details } = thrown as InstallerError;
    expect(message).toContain("does not accept the user writer");
    expect([message, hint, ...details].join(" ")).not.toContain("hunter2");
  });

  it("does not find passwords or tokens in its log", async () => {
    await push("quiet");

    const logs = await registry.logs();

    expect(logs).toContain("quiet/slipway/one");
    expect(logs).not.toContain("writer-password");
  });
});

describeUnless(obstacle, "a token that ends while images are pushed", () => {
  it("is renewed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "slipway-token-life-"));
    // Said to be good for a second: each request a second later needs another one.
    const issuer = await startTokenIssuer(users, { lifeSeconds: 1 });
    const registry = await startDistributionRegistry(ports.exec, image ?? "", issuer);
    const slow = images.map((row) => ({
      ...row,
      source: {
        ...row.source,
        content: {
          open: async (...args: Parameters<typeof row.source.content.open>) => {
            await ports.clock.sleep(700);
            return row.source.content.open(...args);
          },
        },
      },
    }));
    try {
      const outcome = await pushTo(
        { to: `${registry.host}/slow`, user: "writer", password: "writer-password", folder, images: slow },
        ports,
      );

      expect(outcome.ok).toBe(true);
      const scopes = issuer.issued.map((row) => row[0]);
      expect(scopes.length).toBeGreaterThan(new Set(scopes).size);
    } finally {
      await registry.close();
      await issuer.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
