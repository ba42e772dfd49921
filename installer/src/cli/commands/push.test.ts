import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PushRequest, PushResult, PushedImage } from "../../actions/push/push-request.ts";
import { runCli } from "../run-cli.ts";
import { type RunSetup, prepareRun } from "../testing/prepare-run.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-push-command-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const noBlobs = { cached: 0, mounted: 0, sent: 0, failed: 0 };

function image(name: string, state: PushedImage["state"], error?: PushedImage["error"]): PushedImage {
  return {
    name,
    source: `docker.io/slipway/${name}:1`,
    target: `harbor.corp/team/slipway/${name}:1`,
    digest: `sha256:${"a".repeat(64)}`,
    state,
    blobs: noBlobs,
    sentBytes: state === "sent" ? 2048 : 0,
    ...(error !== undefined && { error }),
  };
}

function resultOf(images: readonly PushedImage[], dryRun = false): PushResult {
  const count = (state: string): number => images.filter((one) => one.state === state).length;
  return {
    apiVersion: "slipway/v1",
    kind: "PushResult",
    to: "harbor.corp/team",
    dryRun,
    ok: count("failed") === 0,
    images,
    counts: {
      cached: count("cached"),
      mounted: count("mounted"),
      sent: count("sent"),
      failed: count("failed"),
      planned: count("planned"),
    },
    blobs: noBlobs,
    bytes: { unique: 4096, sent: 2048 },
    findings: [],
    ms: 1200,
  };
}

async function push(line: string, result: PushResult, io: RunSetup["io"] = {}) {
  const run = prepareRun(folder, { engine: { push: () => Promise.resolve(result) }, io });
  const status = await runCli(["push", ...line.split(" ")], run.context);
  return {
    status,
    out: run.stdout(),
    err: run.stderr(),
    request: run.requests["push"]?.[0] as PushRequest | undefined,
  };
}

const failure = {
  code: "REGISTRY_FAILED",
  message: "the registry has no space left",
  hint: "free space",
  details: [],
  mayPass: false,
};

describe("slipway push", () => {
  it("hands everything over with absolute paths", async () => {
    const { status, request } = await push(
      "--to harbor.corp/team --bundle update.tar --bundle slipway.tar --key k.pub --image redis --platform linux/amd64,linux/arm64 --path-style flat --ca-file ca.pem --client-cert c.pem --client-key k.pem --username me --password-file p --connections 3 --plain-http --dry-run",
      resultOf([image("redis", "planned")], true),
    );

    expect(status).toBe(0);
    expect(request).toMatchObject({
      to: "harbor.corp/team",
      bundle: { paths: [join(folder, "update.tar"), join(folder, "slipway.tar")], keyFiles: [join(folder, "k.pub")] },
      images: ["redis"],
      platforms: ["linux/amd64", "linux/arm64"],
      pathStyle: "flat",
      dryRun: true,
      registry: {
        caFile: join(folder, "ca.pem"),
        clientCertFile: join(folder, "c.pem"),
        clientKeyFile: join(folder, "k.pem"),
        username: "me",
        passwordFile: join(folder, "p"),
        connections: 3,
        plainHttp: true,
      },
      sourceRegistries: { plainHttp: false, caFile: join(folder, "ca.pem") },
    });
  });

  it("takes no bundle and no user when none is given", async () => {
    const { request } = await push(
      "--to h:1 --from oci:layout --from engine --as corp/app:1",
      resultOf([image("redis", "cached")]),
    );

    expect(request?.bundle).toBeUndefined();
    expect(request?.from).toEqual([`oci:${join(folder, "layout")}`, "engine"]);
    expect(request?.as).toBe("corp/app:1");
    expect(request?.registry).toEqual({ plainHttp: false });
  });

  it("says what was sent and what was there", async () => {
    const { status, out } = await push("--to h:1", resultOf([image("redis", "sent"), image("nats", "cached")]));

    expect(status).toBe(0);
    expect(out).toContain("sent    2 KiB  docker.io/slipway/redis:1  harbor.corp/team/slipway/redis:1");
    expect(out).toContain("pushed 1 to harbor.corp/team: 2 KiB in 1.2 s, 1 were there");
  });

  it("says what was found in order, and not again the warnings that were told while it ran", async () => {
    const result: PushResult = {
      ...resultOf([image("redis", "sent")]),
      findings: [
        { id: "harbor.project", severity: "ok", message: "the project team was made, private" },
        { id: "harbor.public", severity: "warning", message: "the project open is public", remedy: "make it private" },
      ],
    };

    const { out } = await push("--to h:1", result);

    expect(out).toContain("ok the project team was made, private");
    expect(out).not.toContain("the project open is public");
  });

  it("names the install that goes on from a pushed bundle, and none where an install would not find the images", async () => {
    const result = resultOf([image("redis", "sent")]);

    const { out } = await push("--to harbor.corp/team --bundle b.tar", result);
    const flat = await push("--to harbor.corp/team --bundle b.tar --path-style flat", result);
    const engine = await push("--to harbor.corp/team", result);

    expect(out).toContain("next: slipway install --mode compose --bundle b.tar --registry harbor.corp/team");
    expect(flat.out + engine.out).not.toContain("next:");
  });

  it("says that nothing was to be done", async () => {
    const { out } = await push("--to h:1", resultOf([image("nats", "cached")]));

    expect(out).toContain("harbor.corp/team has all 1 images; nothing was sent");
  });

  it("names every image that failed, the advice once, and ends with 13", async () => {
    const { status, out } = await push(
      "--to h:1",
      resultOf([image("redis", "failed", failure), image("nats", "failed", failure), image("minio", "sent")]),
    );

    expect(status).toBe(13);
    expect(out).toContain("failed harbor.corp/team/slipway/redis:1\n  the registry has no space left");
    expect(out).toContain("failed harbor.corp/team/slipway/nats:1");
    expect(out.split("-> free space")).toHaveLength(2);
    expect(out).toContain("2 failed");
  });

  it.each([
    ["nothing", [true, true], "The same command goes on: what arrived is not sent again."],
    ["that first", [false, false], "Change that first; then the same command goes on: what arrived is not sent again."],
    ["something for one", [true, false], "For 1 of the 2 that failed, change first what is said of it."],
  ])("says what has to change before the same command goes on: %s", async (_what, passing, told) => {
    const failed = passing.map((mayPass, n) => image(`image-${n}`, "failed", { ...failure, mayPass }));

    const { out } = await push("--to h:1", resultOf([...failed, image("minio", "sent")]));

    expect(out).toContain(told);
    expect(out.includes("-> free space\nThe same command goes on")).toBe(passing.includes(true));
  });

  it("ends with 8 when the bundle is what is damaged", async () => {
    const damaged = { ...failure, code: "BUNDLE_INVALID" };
    const { status } = await push("--to h:1", resultOf([image("redis", "failed", damaged), image("nats", "sent")]));

    expect(status).toBe(8);
  });

  it("prints the result itself with --json, also of a push that failed", async () => {
    const result = resultOf([image("redis", "failed", failure)]);
    const { status, out } = await push("--to h:1 --json", result);

    expect([status, JSON.parse(out)]).toEqual([13, result]);
  });

  it("reads a password from standard input, but not from a terminal", async () => {
    const readStdin = (): Promise<string> => Promise.resolve("secret\n");
    const result = resultOf([image("nats", "cached")]);

    const piped = await push("--to h:1 --username me --password-stdin", result, { readStdin });
    const typed = await push("--to h:1 --username me --password-stdin", result, { readStdin, stdinIsTTY: true });

    expect(await piped.request?.registry.passwordFromInput?.()).toBe("secret\n");
    expect([typed.status, typed.request]).toEqual([2, undefined]);
  });

  it.each(["", "--to h:1 --path-style upside-down", "--to h:1 --connections 0", "--to h:1 --password secret"])(
    "refuses %j",
    async (line) => {
      expect((await push(line, resultOf([]))).status).toBe(2);
    },
  );
});
