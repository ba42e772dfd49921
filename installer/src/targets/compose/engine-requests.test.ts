import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FakeEngine, startFakeEngine } from "../../../test/stand-ins/engine/fake-engine.ts";
import { keyedDigest } from "../../execute/digest.ts";
import type { Install } from "../../execute/state/install.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { nothingApplied } from "../../execute/state/records.ts";
import { createPlatformPorts } from "../../platform/create-ports.ts";
import type { Unit } from "../../render/rendering.ts";
import type { LiveService } from "../live-platform.ts";
import { createComposeTarget } from "./compose-target.ts";
import { specLabel } from "../../render/compose/labels.ts";

let folder: string;
let engine: FakeEngine;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-requests-"));
});

afterEach(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

function container(component: string) {
  return {
    Id: `id-${component}`,
    Names: [`/demo-${component}-1`],
    Image: `slipway/${component}:1`,
    ImageID: `sha256:${component}`,
    State: "running",
    Status: "Up 2 minutes (healthy)",
    Labels: { "com.docker.compose.service": component, [specLabel]: "s" },
  };
}

const recorded: Unit = { id: "c0", role: "service", image: "slipway/c0:1", specHash: "s", filePaths: [] };

/** The first came from a registry, the second was built here. */
const images = [
  { Id: "sha256:c0", RepoTags: ["slipway/c0:1"], RepoDigests: ["slipway/c0@sha256:d"] },
  { Id: "sha256:c1", RepoTags: ["slipway/c1:1"], RepoDigests: null },
];

/** What the engine is asked when the target is looked at, as status and an install that changes nothing do. */
async function lookAt(
  count: number,
  list: (component: string) => object = container,
  records: Partial<Install> = {},
): Promise<{
  readonly services: ReadonlyMap<string, LiveService>;
  readonly copies: ReadonlyMap<string, string>;
  readonly asked: readonly string[];
}> {
  const components = Array.from({ length: count }, (_, index) => `c${index}`);
  const path = join(folder, "docker.sock");
  engine = await startFakeEngine({
    listen: { path },
    answer: ({ path: asked }) => {
      if (asked.startsWith("/containers/json")) return { body: components.map(list) };
      return asked.startsWith("/images/json") ? { body: images } : undefined;
    },
  });
  const environment = { DOCKER_HOST: `unix://${path}`, HOME: folder };
  const target = createComposeTarget({ ...createPlatformPorts(environment), environment });
  const install = {
    ...{ name: "demo", stateDir: folder, layout: stateLayout(folder), identity: undefined },
    ...{ applied: { ...nothingApplied, units: [recorded] }, plan: undefined, pendingPlan: undefined },
    ...records,
  };

  const wanted = components.map((component) => `slipway/${component}:1`);
  const [, { services, copies }] = await Promise.all([
    target.facts(),
    target.observe(install, { components, images: wanted }),
  ]);

  return { services, copies, asked: engine.requests.map((request) => request.path.split("?")[0] ?? "") };
}

describe("a look at the platform", () => {
  it.each([10, 45])("asks the engine five questions, with %d components", async (count) => {
    const { services, asked } = await lookAt(count);

    expect(services.size).toBe(count);
    expect(asked.toSorted()).toEqual(["/containers/json", "/images/json", "/networks", "/version", "/volumes"]);
  });

  it("tells the digest of an image that came from a registry", async () => {
    const { services } = await lookAt(2);

    expect([...services.values()].map(({ digest }) => digest)).toEqual(["slipway/c0@sha256:d", undefined]);
  });

  it("names the copies of files that are as they were written, and no others", async () => {
    const digestKey = "00".repeat(32);
    const live = join(folder, "live/files/c0");
    await mkdir(live, { recursive: true });
    for (const name of ["whole", "changed"]) await writeFile(join(live, name), name, { mode: 0o400 });
    const written = (text: string) => ({ digest: keyedDigest(digestKey, text) });
    const files = {
      "files/c0/whole": written("whole"),
      "files/c0/changed": written("before"),
      "files/c0/gone": written(""),
    };
    const identity = { uuid: "u", name: "demo", createdAt: "", digestKey, target: { kind: "compose" } };

    const { copies } = await lookAt(1, container, { identity, applied: { ...nothingApplied, target: { files } } });

    expect([...copies]).toEqual([["files/c0/whole", join(live, "whole")]]);
  });

  it("names the image that a container was made from, though its tag stands for another by now", async () => {
    const { services } = await lookAt(1, (component) => {
      const listed = container(component);
      return { ...listed, Image: listed.ImageID };
    });

    expect(services.get("c0")?.image).toBe("slipway/c0:1");
  });
});
