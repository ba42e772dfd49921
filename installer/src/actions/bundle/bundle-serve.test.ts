import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { IncomingMessage } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fixturePublicKey, makeBundle } from "../../../test/support/bundle-fixture.ts";
import { createBundlePorts } from "../../../test/support/bundle-ports.ts";
import { makeTestCertificates } from "../../../test/stand-ins/registry/test-certificates.ts";
import { startHttpServer } from "../../platform/http-server.ts";
import { type BundleServeRequest, type BundleServeResult, serveBundle, type Serving } from "./bundle-serve.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bundle-serve-"));
  writeFileSync(join(folder, "fixture.pub"), fixturePublicKey);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Running {
  readonly serving: Serving;
  /** Ctrl-C. */
  readonly stop: () => Promise<BundleServeResult>;
}

async function serve(bytes: Buffer, more: Partial<BundleServeRequest> = {}): Promise<Running> {
  writeFileSync(join(folder, "b.tar"), bytes);
  const abort = new AbortController();
  const { ports } = createBundlePorts();
  const bundle = { paths: [join(folder, "b.tar")], keyFiles: [join(folder, "fixture.pub")], allowUnsigned: false };
  let result: Promise<BundleServeResult> | undefined;
  const serving = await new Promise<Serving>((resolve, reject) => {
    result = serveBundle(
      { bundle, host: "127.0.0.1", port: 0, onListening: resolve, ...more },
      { ...ports, signal: abort.signal, startHttpServer },
    );
    result.catch(reject);
  });
  return {
    serving,
    stop: async () => {
      abort.abort();
      if (result === undefined) throw new Error("it does not run");
      return result;
    },
  };
}

const bundle = makeBundle({
  images: [
    { name: "postgres", layers: ["shared", "postgres"] },
    { name: "multi", layers: ["shared"], platforms: ["linux/amd64", "linux/arm64"] },
  ],
});

describe("serving a bundle", () => {
  it("says what can be pulled where, answers, and ends at Ctrl-C with a count", async () => {
    const { serving, stop } = await serve(bundle.bytes);

    const answer = await fetch(`${serving.url}/v2/slipway/multi/manifests/1`);
    const result = await stop();

    expect(serving.images.map((image) => image.replace(/^127\.0\.0\.1:\d+/, "host"))).toEqual([
      "host/slipway/multi:1",
      "host/slipway/postgres:1",
    ]);
    expect(answer.headers.get("docker-content-digest")).toBe(bundle.manifest.images[1]?.root.digest);
    expect(result).toMatchObject({ kind: "BundleServeResult", requests: 1, failures: 0 });
    await expect(fetch(`${serving.url}/v2/`)).rejects.toThrow();
  });

  it("serves every platform's manifest by digest", async () => {
    const { serving, stop } = await serve(bundle.bytes);

    const digests = bundle.manifest.images[1]?.platforms.map(({ manifest }) => manifest.digest) ?? [];
    const statuses = await Promise.all(
      digests.map(async (digest) => (await fetch(`${serving.url}/v2/slipway/multi/manifests/${digest}`)).status),
    );

    await stop();
    expect(statuses).toEqual([200, 200]);
  });

  it("serves by TLS with the certificate given", async () => {
    const { good, ca } = await makeTestCertificates();
    writeFileSync(join(folder, "cert.pem"), good.cert);
    writeFileSync(join(folder, "key.pem"), good.key);
    const tls = { certFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
    const { serving, stop } = await serve(bundle.bytes, { tls });

    const body = await new Promise<IncomingMessage>((resolve, reject) => {
      request(`${serving.url}/v2/_catalog`, { ca }, resolve).on("error", reject).end();
    }).then(text);

    await stop();
    expect(serving.url).toMatch(/^https:/);
    expect(JSON.parse(body)).toEqual({ repositories: ["slipway/multi", "slipway/postgres"] });
  });

  it("is refused for a bundle that nobody trusted signed", async () => {
    await expect(serve(makeBundle({ key: "unsigned" }).bytes)).rejects.toMatchObject({ code: "BUNDLE_INVALID" });
  });

  it("cuts the connection at a damaged blob and counts it", async () => {
    const bytes = Buffer.from(bundle.bytes);
    const [digest = "", contents = Buffer.alloc(0)] = [...bundle.blobs].find(([, blob]) => blob.length === 2000) ?? [];
    const at = bytes.indexOf(contents);
    bytes[at + 1999] = (bytes[at + 1999] ?? 0) ^ 1;
    const { serving, stop } = await serve(bytes);

    const read = fetch(`${serving.url}/v2/slipway/postgres/blobs/${digest}`).then((response) => response.arrayBuffer());

    await expect(read).rejects.toThrow();
    expect(await stop()).toMatchObject({ failures: 1 });
  });
});
