import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ImagesLockRequest, ImagesLockResult } from "../../actions/images/images-lock.ts";
import type { Engine } from "../../engine/engine.ts";
import { runCli } from "../run-cli.ts";
import { prepareRun } from "../testing/prepare-run.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-lock-command-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function resultFor({ output, check }: ImagesLockRequest): ImagesLockResult {
  const casdoor = {
    name: "casdoor",
    reference: "docker.io/casbin/casdoor:1",
    kind: "third-party" as const,
    licenses: "Apache-2.0",
    reasons: ["component casdoor"],
    unresolved: "nobody has it",
  };
  return {
    apiVersion: "slipway/v1",
    kind: "ImagesLockResult",
    ...(output !== undefined && { output }),
    ...(check !== undefined && { checked: check }),
    lock: { apiVersion: "slipway/v1", kind: "ImageLock", version: "0", profiles: [], platforms: [], images: [casdoor] },
    text: "kind: ImageLock\n",
    unresolved: 1,
    changes: ["docker.io/a:1: not in the lock"],
    ms: 1500,
  };
}

async function cli(line: string) {
  const engine: Partial<Engine> = { lockImages: (request) => Promise.resolve(resultFor(request)) };
  const run = prepareRun(folder, { engine });
  const status = await runCli(line.split(" "), run.context);
  return { status, stdout: run.stdout(), request: run.requests["lockImages"]?.[0] as ImagesLockRequest | undefined };
}

describe("images lock", () => {
  it("prints the lock itself, so that it can be piped", async () => {
    const { stdout, request } = await cli("images lock");

    expect(stdout).toBe("kind: ImageLock\n");
    expect(request).toMatchObject({ from: [], profiles: [], platforms: ["linux/amd64"], allowUnsigned: false });
  });

  it("writes it where it is told, and says what is unresolved and what changed", async () => {
    const { stdout, request } = await cli(
      "images lock -o images.lock.yaml --from engine --from oci:layout --as corp/app --platform linux/amd64,linux/arm64 --profile infra",
    );

    expect(request).toMatchObject({
      output: join(folder, "images.lock.yaml"),
      from: ["engine", `oci:${join(folder, "layout")}`],
      as: "corp/app",
      platforms: ["linux/amd64", "linux/arm64"],
      profiles: ["infra"],
    });
    expect(stdout).toContain("images.lock.yaml in 1.5 s: 0 images by digest, 1 unresolved");
    expect(stdout).toContain("unresolved docker.io/casbin/casdoor:1: nobody has it");
    expect(stdout).toContain("changed docker.io/a:1: not in the lock");
  });

  it("takes all profiles for --profile all", async () => {
    expect((await cli("images lock --profile all")).request?.profiles).toEqual([]);
  });

  it("compares with a lock that was kept", async () => {
    const { stdout, request } = await cli("images lock --check images.lock.yaml");

    expect(request?.check).toBe(join(folder, "images.lock.yaml"));
    expect(stdout).toMatch(/^unchanged .*images\.lock\.yaml: 0 images by digest, 1 unresolved\n$/);
  });

  it("does not write and compare at the same time", async () => {
    expect((await cli("images lock -o a.yaml --check b.yaml")).status).toBe(2);
  });
});

describe("--lock", () => {
  it("names the lock that is rendered, with its absolute path", async () => {
    const run = prepareRun(folder, { engine: { validate: () => Promise.reject(new Error("not needed")) } });
    await runCli(["validate", "--lock", "images.lock.yaml"], run.context);

    expect(run.requests["validate"]?.[0]).toMatchObject({ values: { lock: join(folder, "images.lock.yaml") } });
  });
});
