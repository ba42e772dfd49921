import { describe, expect, test } from "vitest";
import { collect, placementOf, user } from "../../test/stand-ins/registry/connect.ts";
import { seedImage, syntheticImage } from "../../test/stand-ins/registry/synthetic-image.ts";
import type { CredentialStore } from "./credentials.ts";
import { image, layer, blobs, setUp, seeded, failureOf, closeRegistries } from "./testing/faulty-registry.ts";

closeRegistries();

const root = image.manifests[0]!;

describe("manifests", () => {
  test("are compared with the digest that was asked for and the one that is claimed", async () => {
    const { registry, client } = await seeded();
    registry.inject({ method: "GET", path: /manifests/, nth: 1, fault: { kind: "wrong-bytes" } });
    registry.inject({ method: "GET", path: /manifests/, nth: 2, fault: { kind: "wrong-digest" } });

    const bytes = await failureOf(client.getManifest("team/app", root.descriptor.digest));
    const claim = await failureOf(client.getManifest("team/app", "1.0"));

    expect(bytes.message).toMatch(new RegExp(`manifest ${root.descriptor.digest} .*answers with sha256:`));
    expect(claim.message).toMatch(/tag 1\.0 .*calls it sha256:0000/);
  });

  test("are compared by HEAD too", async () => {
    const { registry, client } = await seeded();
    registry.inject({ method: "HEAD", path: /manifests/, fault: { kind: "wrong-digest" } });

    const error = await failureOf(client.headManifest("team/app", root.descriptor.digest));

    expect(error.message).toMatch(/answers with sha256:0000/);
  });

  test("stored under another digest are refused", async () => {
    const { registry, client } = await seeded();
    registry.inject({ method: "PUT", path: /manifests/, fault: { kind: "wrong-digest" } });

    const error = await failureOf(client.putManifest("team/app", "2.0", root));

    expect(error.message).toMatch(/tag 2\.0 .*stored it as sha256:0000/);
  });

  test.each(["HEAD", "GET"] as const)("that are a web page are refused (%s)", async (method) => {
    const { registry, client } = await seeded();
    registry.inject({ method, path: /manifests/, fault: { kind: "html" } });

    const work = method === "HEAD" ? client.headManifest("team/app", "1.0") : client.getManifest("team/app", "1.0");

    expect((await failureOf(work)).message).toMatch(/web page/);
  });

  test("that are the page of a portal elsewhere say where it is", async () => {
    const portal = await setUp();
    portal.registry.inject({ path: /sign-in/, fault: { kind: "html" } });
    const { registry, client } = await seeded();
    registry.inject({ path: /manifests/, fault: { kind: "redirect", to: `${portal.registry.url}/sign-in?token=x` } });

    const error = await failureOf(client.getManifest("team/app", "1.0"));

    expect(error.details).toEqual([`it came from ${portal.registry.host}/sign-in`]);
  });

  test("that are too long are refused before they are read", async () => {
    const { registry, client } = await setUp();
    const body = "x".repeat(4 * 1024 * 1024 + 1);
    registry.inject({ path: /manifests/, fault: { kind: "status", status: 200, body } });

    expect((await failureOf(client.getManifest("team/app", "1.0"))).message).toMatch(/longer than/);
  });

  test("are read where HEAD does not say the digest", async () => {
    const { registry, client } = await seeded();
    registry.inject({ method: "HEAD", fault: { kind: "status", status: 200 } });

    expect(await client.headManifest("team/app", "1.0")).toEqual({
      mediaType: root.descriptor.mediaType,
      digest: root.descriptor.digest,
      size: root.descriptor.size,
    });
  });

  test("under an immutable tag are said to be that", async () => {
    const { registry, client } = await seeded({ immutableTags: true });
    const other = syntheticImage("other", []);
    seedImage(registry.store, "team/app", other);

    const error = await failureOf(client.putManifest("team/app", "1.0", other.manifests[0]!));

    expect(error.message).toMatch(/tag 1\.0 of team\/app .*immutable/);
    expect(error.hint).toBeTruthy();
  });

  test("survive resets and 500s on the way", async () => {
    const { registry, client } = await seeded();
    registry.inject({ method: "PUT", path: /manifests/, nth: 1, fault: { kind: "lost-answer" } });
    registry.inject({ method: "PUT", path: /manifests/, nth: 2, fault: { kind: "status", status: 503 } });

    await client.putManifest("team/app", "2.0", root);

    expect(registry.store.tagsOf.get("team/app")?.get("2.0")).toBe(root.descriptor.digest);
  });

  test("that nobody has are undefined", async () => {
    const { client } = await setUp();

    expect(await client.headManifest("team/app", "1.0")).toBeUndefined();
    expect(await client.getManifest("team/app", "1.0")).toBeUndefined();
    expect(await client.tags("team/app")).toEqual([]);
  });
});

describe("redirects", () => {
  test("are followed to another host without what signs us in", async () => {
    const storage = await seeded();
    const { registry, client } = await seeded(
      { auth: { kind: "basic", users: { ann: "secret" } } },
      { credentials: { find: () => Promise.resolve({ kind: "password", username: "ann", password: "secret" }) } },
    );
    const to = `${storage.registry.url}/v2/team/app/blobs/${layer.descriptor.digest}`;
    registry.inject({ method: "GET", path: blobs, nth: 2, fault: { kind: "redirect", to } });

    const bytes = await collect(await client.openBlob("team/app", layer.descriptor));

    expect(bytes.equals(layer.bytes)).toBe(true);
    expect(registry.log.at(-1)?.authorization).toBe("Basic");
    expect(storage.registry.log.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  test("in a circle end", async () => {
    const { registry, client } = await seeded();
    const to = `/v2/team/app/blobs/${layer.descriptor.digest}`;
    const fault = registry.inject({ method: "GET", path: blobs, fault: { kind: "redirect", to } });

    const error = await failureOf(client.openBlob("team/app", layer.descriptor));

    expect(error.message).toMatch(/^blob sha256:.* of team\/app on .*: .* redirects more than 5 times/);
    expect(error.details.join()).toContain(`the last redirect came from ${registry.host}${to}`);
    expect(fault.hits).toBe(6);
  });

  test("to something that is not a web address are refused", async () => {
    const { registry, client } = await seeded();
    registry.inject({ method: "GET", path: blobs, fault: { kind: "redirect", to: "file:///etc/passwd" } });

    expect((await failureOf(client.openBlob("team/app", layer.descriptor))).message).toMatch(/not an address: "file:/);
  });

  test("to a host that is not known name that host, not the registry", async () => {
    const { registry, client } = await seeded();
    registry.inject({
      method: "GET",
      path: blobs,
      fault: { kind: "redirect", to: "http://storage.invalid/blob?signature=x" },
    });

    const error = await failureOf(client.openBlob("team/app", layer.descriptor));

    expect(error.message).toMatch(
      /^blob sha256:.* of team\/app on 127.*: the name storage\.invalid is not known here$/,
    );
    expect(error.details.join()).toContain(`${registry.host} sends the request on to storage.invalid`);
    expect(`${error.message}${error.details.join()}`).not.toContain("signature");
  });

  test.each([403, 500])("to a storage that answers %i name the storage", async (status) => {
    const storage = await setUp();
    storage.registry.inject({ fault: { kind: "status", status, body: "<Error>SignatureDoesNotMatch</Error>" } });
    const { registry, client } = await seeded({}, { credentials: user("ann", "secret") });
    registry.inject({ method: "GET", path: blobs, fault: { kind: "redirect", to: `${storage.registry.url}/blob` } });

    const error = await failureOf(client.openBlob("team/app", layer.descriptor));

    expect(error.message).toContain(
      `${storage.registry.host}, where ${registry.host} sends the request on to, refuses it (${status})`,
    );
    expect(error.details).toEqual([`${storage.registry.host} says: <Error>SignatureDoesNotMatch</Error>`]);
    expect(error.hint).not.toContain("docker login");
  });

  test("that an upload is sent on to name where that is", async () => {
    const { registry, client } = await setUp();
    registry.inject({
      method: "POST",
      fault: {
        kind: "status",
        status: 202,
        headers: { location: "http://inside.invalid/v2/team/app/blobs/uploads/1" },
      },
    });

    const error = await failureOf(client.placeBlob(placementOf("team/app", layer)));

    expect(error.message).toMatch(/: the name inside\.invalid is not known here$/);
    expect(error.details.join()).toContain(`${registry.host} sends the request on to inside.invalid`);
  });
});

describe("401 without a challenge", () => {
  test.each<[string, CredentialStore | undefined]>([
    ["with a login", user("ann", "secret")],
    ["without one", undefined],
  ])("is said to be that, %s", async (_, credentials) => {
    const { registry, client } = await seeded({}, credentials === undefined ? {} : { credentials });
    const page = { "content-type": "text/html" };
    registry.inject({ fault: { kind: "status", status: 401, headers: page, body: "<html>401</html>" } });

    for (const work of [client.getManifest("team/app", "1.0"), client.placeBlob(placementOf("team/app", layer))]) {
      const error = await failureOf(work);
      expect(error.message).toMatch(/401 without a WWW-Authenticate challenge/);
      expect(error.hint).not.toContain("docker login");
    }
    expect(registry.log.every(({ authorization }) => authorization === undefined)).toBe(true);
  });
});
