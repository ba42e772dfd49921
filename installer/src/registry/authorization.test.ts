import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { collect, connectTo, placementOf, user } from "../../test/stand-ins/registry/connect.ts";
import { createTestRegistry, type TestRegistry } from "../../test/stand-ins/registry/create-test-registry.ts";
import type { TestRegistryOptions } from "../../test/stand-ins/registry/options.ts";
import { seedImage, syntheticBytes, syntheticImage } from "../../test/stand-ins/registry/synthetic-image.ts";
import { RegistryError } from "../errors/installer-error.ts";
import { createClock } from "../platform/clock.ts";
import type { RegistryClient } from "./registry-client.ts";

const image = syntheticImage("signed in", [syntheticBytes("layer", 200_000)]);
const layer = image.blobs[1]!;
const users = { ann: "right password" };

const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function setUp(
  options: TestRegistryOptions,
  client: Parameters<typeof connectTo>[1] = {},
): Promise<{ registry: TestRegistry; client: RegistryClient }> {
  const registry = await createTestRegistry(options);
  seedImage(registry.store, "team/app", image, "1.0");
  const connected = connectTo(registry, client);
  open.push(async () => {
    connected.close();
    await registry.close();
  });
  return { registry, client: connected };
}

async function failureOf(work: Promise<unknown>): Promise<RegistryError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RegistryError);
  return error as RegistryError;
}

const tokenAuth = { kind: "token", users } as const;

describe("user and password", () => {
  test("are sent once the registry has asked, and from then on at once", async () => {
    const { registry, client } = await setUp(
      { auth: { kind: "basic", users } },
      { credentials: user("ann", "right password") },
    );

    await Promise.all(Array.from({ length: 8 }, () => client.headManifest("team/app", "1.0")));

    expect(registry.log.filter(({ status }) => status === 401)).toHaveLength(1);
    expect(registry.log).toHaveLength(9);
  });

  test("that are wrong are sent only once, so that no account is locked", async () => {
    const { registry, client } = await setUp({ auth: { kind: "basic", users } }, { credentials: user("ann", "guess") });

    const errors = await Promise.all(
      Array.from({ length: 8 }, () => failureOf(client.headManifest("team/app", "1.0"))),
    );
    await failureOf(client.placeBlob(placementOf("team/app", layer)));

    expect(registry.log.filter(({ authorization }) => authorization === "Basic")).toHaveLength(1);
    expect(errors[7]?.message).toMatch(/does not accept the user ann/);
    expect(`${errors[0]?.message ?? ""}${errors[0]?.hint ?? ""}`).not.toContain("guess");
  });

  test("that are wrong are sent only once where everybody may read and many write at once", async () => {
    const { registry, client } = await setUp(
      { auth: { kind: "basic", users, anonymousPull: true } },
      { credentials: user("ann", "guess"), connections: 12 },
    );
    await client.headManifest("team/app", "1.0");

    const uploads = Array.from({ length: 12 }, (_unused, n) => client.placeBlob(placementOf(`team/new-${n}`, layer)));
    const errors = await Promise.all(uploads.map(failureOf));

    expect(registry.log.filter(({ authorization }) => authorization === "Basic")).toHaveLength(1);
    for (const error of errors) expect(error.message).toMatch(/does not accept the user ann/);
  });

  test("are sent again after an answer that proves nothing", async () => {
    const { registry, client } = await setUp(
      { auth: { kind: "basic", users } },
      { credentials: user("ann", "right password") },
    );
    registry.inject({ nth: [2], fault: { kind: "status", status: 503 } });
    registry.inject({ nth: [3], fault: { kind: "reset" } });

    const heads = Array.from({ length: 4 }, () => client.headManifest("team/app", "1.0"));

    expect((await Promise.all(heads)).every((head) => head !== undefined)).toBe(true);
  });

  test("are sent twice at most to a registry that fails each time, whoever needs it", async () => {
    const { registry, client } = await setUp({ auth: { kind: "basic", users } }, { credentials: user("ann", "guess") });
    registry.inject({ nth: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], fault: { kind: "status", status: 500 } });

    const heads = Array.from({ length: 4 }, () => failureOf(client.headManifest("team/app", "1.0")));
    const errors = await Promise.all(heads);

    expect(registry.log.filter(({ authorization }) => authorization === "Basic")).toHaveLength(2);
    for (const error of errors) expect(error.message).toMatch(/keeps failing when it is given user and password/);
  });

  test("that are missing are asked for", async () => {
    const { client } = await setUp({ auth: { kind: "basic", users } });

    const error = await failureOf(client.headManifest("team/app", "1.0"));

    expect(error.message).toMatch(/asks for a user and password \(401\)/);
    expect(error.hint).toMatch(/docker login/);
  });
});

describe("tokens", () => {
  test("are fetched once for a repository and used for everything in it", async () => {
    const { registry, client } = await setUp({ auth: tokenAuth }, { credentials: user("ann", "right password") });

    await Promise.all(image.blobs.map((blob) => client.placeBlob(placementOf("team/new", blob))));
    for (const manifest of image.manifests) await client.putManifest("team/new", "1.0", manifest);

    expect(registry.gate.issued).toEqual([{ scopes: ["repository:team/new:pull,push"], user: "ann" }]);
    expect(registry.log.filter(({ authorization }) => authorization === "Basic").map(({ target }) => target)).toEqual([
      expect.stringContaining("/token?"),
    ]);
  });

  test("for a mount include pull on the source", async () => {
    const { registry, client } = await setUp({ auth: tokenAuth }, { credentials: user("ann", "right password") });

    const outcome = await client.placeBlob(placementOf("team/other", layer, { mountFrom: "team/app" }));

    expect(outcome).toBe("mounted");
    expect(registry.gate.issued.at(-1)?.scopes).toEqual([
      "repository:team/other:pull,push",
      "repository:team/app:pull",
    ]);
  });

  test("are renewed before their end", async () => {
    const real = createClock();
    let later = 0;
    const clock = { ...real, monotonicMs: () => real.monotonicMs() + later };
    const { registry, client } = await setUp(
      { auth: { ...tokenAuth, lifeSeconds: 300 } },
      { credentials: user("ann", "right password"), clock },
    );

    await client.headManifest("team/app", "1.0");
    later = 290_000;
    await client.headManifest("team/app", "1.0");

    expect(registry.gate.issued).toHaveLength(2);
    expect(registry.log.filter(({ status }) => status === 401)).toHaveLength(1);
  });

  test("that the registry suddenly refuses are renewed in the middle of an upload", async () => {
    const { registry, client } = await setUp(
      { auth: { ...tokenAuth, lifeSeconds: 300, acceptedRequests: 1 } },
      { credentials: user("ann", "right password") },
    );

    const outcome = await client.placeBlob(placementOf("team/new", layer));
    for (const blob of image.blobs) expect(await client.placeBlob(placementOf("team/newer", blob))).toBe("sent");

    expect(outcome).toBe("sent");
    expect(registry.gate.issued.length).toBeGreaterThan(1);
  });

  test("are fetched without a password where pulling needs none", async () => {
    const { registry, client } = await setUp({ auth: { ...tokenAuth, anonymousPull: true } });

    const bytes = await collect(await client.openBlob("team/app", layer.descriptor));

    expect(bytes).toHaveLength(layer.bytes.length);
    expect(registry.gate.issued).toEqual([{ scopes: ["repository:team/app:pull"], user: "" }]);
  });

  test("are fetched by a refresh token that docker login left", async () => {
    const refreshTokens = { ann: "refresh me" };
    const credentials = { find: () => Promise.resolve({ kind: "identity-token", token: "refresh me" } as const) };
    const { registry, client } = await setUp({ auth: { ...tokenAuth, refreshTokens } }, { credentials });

    expect(await client.headManifest("team/app", "1.0")).toBeDefined();
    expect(registry.requests("POST", /token/)).toHaveLength(1);
  });

  test("are not fetched again and again with a wrong password", async () => {
    const { registry, client } = await setUp({ auth: tokenAuth }, { credentials: user("ann", "guess") });

    const error = await failureOf(client.headManifest("team/app", "1.0"));
    await failureOf(client.headManifest("team/app", "1.0"));

    expect(error.message).toMatch(/does not accept the user ann/);
    expect(registry.requests("GET", /token/)).toHaveLength(1);
  });

  test("are tried for again when the token service fails for a moment", async () => {
    const { registry, client } = await setUp({ auth: tokenAuth }, { credentials: user("ann", "right password") });
    registry.inject({ path: /^\/token/, nth: [1], fault: { kind: "status", status: 502 } });

    expect(await client.headManifest("team/app", "1.0")).toBeDefined();
  });

  test.each([
    { kind: "status", status: 500 } as const,
    { kind: "status", status: 429 } as const,
    { kind: "reset" } as const,
  ])("are asked for twice at most with a password that may be wrong, whoever needs them (%j)", async (fault) => {
    const { registry, client } = await setUp({ auth: tokenAuth }, { credentials: user("ann", "guess") });
    registry.inject({ path: /^\/token/, fault });

    const repositories = Array.from({ length: 6 }, (_unused, n) => `team/app-${n}`);
    const errors = await Promise.all(repositories.map((name) => failureOf(client.headManifest(name, "1.0"))));
    await failureOf(client.placeBlob(placementOf("team/app", layer)));

    expect(registry.log.filter(({ authorization }) => authorization === "Basic")).toHaveLength(2);
    for (const error of errors)
      expect(error.message).toMatch(
        /^the token of .*(keeps failing \(500\)|limits the rate of requests|connection broke)/,
      );
  });

  test("are tried for often with a password that was right before", async () => {
    const { registry, client } = await setUp(
      { auth: { ...tokenAuth, readableTokens: true } },
      { credentials: user("ann", "right password") },
    );
    await client.headManifest("team/app", "1.0");
    registry.inject({ path: /^\/token/, nth: [1, 2], fault: { kind: "status", status: 502 } });

    await client.placeBlob(placementOf("team/app", layer));
    expect(await client.headManifest("team/other", "1.0")).toBeUndefined();
  });

  test.each([
    ["no JSON", "<html>"],
    ["no token", "{}"],
    ["a token that would make a header of its own", '{"token":"x\\r\\nevil: 1"}'],
  ])("that are %s are refused without being repeated", async (_, body) => {
    const { registry, client } = await setUp({ auth: tokenAuth }, { credentials: user("ann", "right password") });
    registry.inject({ path: /^\/token/, fault: { kind: "status", status: 200, body } });

    const error = await failureOf(client.headManifest("team/app", "1.0"));

    expect(error.message).toMatch(/does not answer with a token/);
    expect(error.message).not.toContain(body);
  });

  test("for a project that does not exist end in advice to create it", async () => {
    const { registry, client } = await setUp(
      { auth: tokenAuth, projects: ["team"] },
      { credentials: user("ann", "right password") },
    );

    const error = await failureOf(client.placeBlob(placementOf("absent/app", layer)));

    expect(error.message).toMatch(/blob sha256:.* of absent\/app .*does not let this user write here \(401\)/);
    expect(error.hint).toMatch(/the project absent does not exist/);
    expect(registry.requests("POST", /uploads/).length).toBeLessThanOrEqual(3);
  });

  test("are never fetched over http for a registry with TLS", async () => {
    const { makeTestCertificates } = await import("../../test/stand-ins/registry/test-certificates.ts");
    const certificates = await makeTestCertificates();
    const { client } = await setUp(
      { auth: { ...tokenAuth, realm: "http://127.0.0.1:1/token" }, tls: certificates.good },
      { credentials: user("ann", "right password"), ca: certificates.ca },
    );

    const error = await failureOf(client.headManifest("team/app", "1.0"));

    expect(error.message).toMatch(/passwords in the clear/);
  });

  test("are never fetched over http from elsewhere for a registry on this machine without TLS", async () => {
    const { client } = await setUp(
      { auth: { ...tokenAuth, realm: "http://192.0.2.1/token" } },
      { credentials: user("ann", "right password") },
    );

    const error = await failureOf(client.headManifest("team/app", "1.0"));

    expect(error.message).toMatch(/passwords in the clear to 192\.0\.2\.1/);
  });
});

describe("TLS, in words", () => {
  test.each([
    ["good", "otherCa", /authority this machine does not trust/, /--ca-file/],
    ["expired", "ca", /has expired/, /clock/],
    ["wrongName", "ca", /for another name/, /name/],
  ] as const)("a certificate that is %s for the authority %s", async (pair, ca, message, hint) => {
    const { makeTestCertificates } = await import("../../test/stand-ins/registry/test-certificates.ts");
    const certificates = await makeTestCertificates();
    const { registry, client } = await setUp({ tls: certificates[pair] }, { ca: certificates[ca] });

    const error = await failureOf(client.placeBlob(placementOf("team/app", layer)));

    expect(error.message).toMatch(message);
    expect(error.message).toContain(layer.descriptor.digest);
    expect(error.hint).toMatch(hint);
    expect(registry.log).toEqual([]);
  });

  test("of a server that sends none of the authorities in between ends in advice to send them", async () => {
    const { makeTestCertificates } = await import("../../test/stand-ins/registry/test-certificates.ts");
    const { company } = await makeTestCertificates();
    const { client } = await setUp({ tls: { key: company.server.key, cert: company.leaf } }, { ca: company.root });

    const error = await failureOf(client.headManifest("team/app", "1.0"));

    expect(error.message).toMatch(/authority this machine does not trust/);
    expect(error.hint).toMatch(/of a root and 127.* does not send those in between/);
  });

  test("to a redirect down to http is refused", async () => {
    const { makeTestCertificates } = await import("../../test/stand-ins/registry/test-certificates.ts");
    const certificates = await makeTestCertificates();
    const { registry, client } = await setUp({ tls: certificates.good }, { ca: certificates.ca });
    registry.inject({ method: "GET", path: /blobs/, fault: { kind: "redirect", to: "http://127.0.0.1:1/blob" } });

    const error = await failureOf(client.openBlob("team/app", layer.descriptor));

    expect(error.message).toMatch(/^blob sha256:.* of team\/app on .*: .* redirects from https to http/);
  });
});

test("a proxy that wants a password is told apart from the registry, with the object named", async () => {
  const proxy = createServer();
  proxy.on("connect", (_, socket) => socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"));
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  open.push(() => new Promise((resolve) => void proxy.close(() => resolve())));
  const { port } = proxy.address() as AddressInfo;
  const environment = { HTTPS_PROXY: `http://me:secret@127.0.0.1:${port}` };
  const client = connectTo({ host: "registry.example" }, { environment });

  const error = await failureOf(client.placeBlob(placementOf("team/app", layer)));
  client.close();

  expect(error.message).toMatch(
    /blob sha256:.* of team\/app on registry\.example: the proxy 127.* asks for a user.*\(407\)/,
  );
  expect(error.hint).toMatch(/HTTPS_PROXY/);
  expect(`${error.message}${error.hint ?? ""}`).not.toContain("secret");
});
