import { describe, expect, it } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { openAssets } from "../../cli/assets.ts";
import type { ContainerState } from "../../platform/ports.ts";
import { loadDesired } from "../desired/desired.ts";
import { learnDigests } from "./learn-digests.ts";

const digest = `sha256:${"c".repeat(64)}`;
const casdoor = "casbin/casdoor:3.62.0";
const assets = openAssets();

function fakeDocker(digests: readonly string[], running: readonly string[] = []) {
  return {
    version: () => Promise.resolve({ version: "26.1.5", apiVersion: "1.45", os: "linux", architecture: "amd64" }),
    imageDigests: (reference: string) => Promise.resolve(reference.includes("casdoor") ? digests : []),
    containers: () => Promise.resolve(running.map((image) => ({ image }) as ContainerState)),
  };
}

type FakeDocker = ReturnType<typeof fakeDocker>;

function load(options: {
  readonly set?: readonly string[];
  readonly pulled?: ReadonlyMap<string, string>;
  readonly lock?: string;
}) {
  const files = createMemoryFileSystem(options.lock === undefined ? {} : { "/state/lock.yaml": options.lock });
  const values = { files: [], set: options.set ?? [], without: [] };
  const request = { name: "slipway", stateDir: "/state", values, ...(options.pulled && { pulled: options.pulled }) };
  return loadDesired(request, { fs: files, assets, docker: fakeDocker([]) as never }, { offline: true });
}

function learn(desired: Awaited<ReturnType<typeof load>>, docker: FakeDocker) {
  return learnDigests(desired, { docker: docker as never });
}

async function casdoorOf(desired: ReturnType<typeof load>): Promise<string | undefined> {
  const { plan } = await desired;
  return plan.components.find(({ id }) => id === "casdoor")?.workload?.container.image.reference;
}

describe("learnDigests", () => {
  it("learns what was pulled, and the image is asked for by it in this run and in the next", async () => {
    const desired = await load({});

    const pulled = await learn(
      desired,
      fakeDocker([`other/name@sha256:${"a".repeat(64)}`, `casbin/casdoor@${digest}`]),
    );
    const recorded = `images:\n  - reference: ${casdoor}@${digest}\n    imageId: sha256:1\n`;

    expect([...pulled]).toEqual([[`docker.io/${casdoor}`, digest]]);
    expect(await casdoorOf(load({ pulled }))).toBe(`${casdoor}@${digest}`);
    expect((await load({ lock: recorded })).plan).toEqual((await load({ pulled })).plan);
  });

  it("does not make a container anew that runs by the tag", async () => {
    await expect(learn(await load({}), fakeDocker([`casbin/casdoor@${digest}`], [casdoor]))).resolves.toEqual(
      new Map(),
    );
  });

  it("learns nothing of an image that came without a registry", async () => {
    await expect(learn(await load({}), fakeDocker([]))).resolves.toEqual(new Map());
  });

  it("asks for nothing again that is known by digest", async () => {
    const desired = await load({ pulled: new Map([[`docker.io/${casdoor}`, digest]]) });

    await expect(learn(desired, fakeDocker([`casbin/casdoor@sha256:${"e".repeat(64)}`]))).resolves.toEqual(new Map());
  });

  it("learns images of ours when they came from a registry of one's own", async () => {
    const desired = await load({ set: ["images.registry=harbor.corp.example/platform"] });
    const image = "harbor.corp.example/platform/slipway/nats";
    const docker = {
      ...fakeDocker([]),
      imageDigests: (reference: string) => Promise.resolve(reference.includes("/nats:") ? [`${image}@${digest}`] : []),
    };

    const pulled = await learn(desired, docker);

    expect([...pulled.keys()]).toEqual([
      expect.stringMatching(/^harbor\.corp\.example\/platform\/slipway\/nats:[0-9a-f]+$/),
    ]);
  });
});
