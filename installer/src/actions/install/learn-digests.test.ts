import { describe, expect, it } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { openAssets } from "../../cli/assets.ts";
import type { ImageStore } from "../../platform/ports.ts";
import type { Target } from "../../targets/target.ts";
import { rules } from "../../targets/compose/rules.ts";
import type { LiveService } from "../../targets/live-platform.ts";
import { type Desired, openDesire } from "../desired/desired.ts";
import { learnDigests } from "./learn-digests.ts";

const digest = `sha256:${"c".repeat(64)}`;
const casdoor = "casbin/casdoor:3.62.0";
const assets = openAssets();

interface Seen {
  readonly images: Pick<ImageStore, "findImages">;
  readonly running: readonly string[];
}

/** An engine with every image, and with these digests for the one whose reference contains the name. */
function fakeEngine(
  digests: readonly string[],
  { name = "casdoor", running = [] }: { readonly name?: string; readonly running?: readonly string[] } = {},
): Seen {
  const findImages = (references: readonly string[]) =>
    Promise.resolve({
      ids: new Map(references.map((reference) => [reference, `id of ${reference}`])),
      digests: new Map(references.map((reference) => [`id of ${reference}`, reference.includes(name) ? digests : []])),
    });
  return { images: { findImages }, running };
}

async function load(options: {
  readonly set?: readonly string[];
  readonly pulled?: ReadonlyMap<string, string>;
  readonly lock?: string;
}): Promise<Desired> {
  const fs = createMemoryFileSystem(options.lock === undefined ? {} : { "/state/lock.yaml": options.lock });
  const values = { files: [], set: options.set ?? [], without: [] };
  const target = rules;
  const desire = await openDesire({ name: "slipway", stateDir: "/state", values }, { fs, assets, target });
  return desire(options.pulled && { pulled: options.pulled });
}

function learn(desired: Desired, { images, running }: Seen) {
  const services = new Map(running.map((image) => [image, { image } as LiveService]));
  return learnDigests(desired, { services }, { target: { images: images as ImageStore } as Target });
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
      fakeEngine([`other/name@sha256:${"a".repeat(64)}`, `casbin/casdoor@${digest}`]),
    );
    const recorded = `images:\n  - reference: ${casdoor}@${digest}\n    imageId: sha256:1\n`;

    expect([...pulled]).toEqual([[`docker.io/${casdoor}`, digest]]);
    expect(await casdoorOf(load({ pulled }))).toBe(`${casdoor}@${digest}`);
    expect((await load({ lock: recorded })).plan).toEqual((await load({ pulled })).plan);
  });

  it("does not make a container anew that runs by the tag", async () => {
    await expect(
      learn(await load({}), fakeEngine([`casbin/casdoor@${digest}`], { running: [casdoor] })),
    ).resolves.toEqual(new Map());
  });

  it("learns nothing of an image that came without a registry", async () => {
    await expect(learn(await load({}), fakeEngine([]))).resolves.toEqual(new Map());
  });

  it("asks for nothing again that is known by digest", async () => {
    const desired = await load({ pulled: new Map([[`docker.io/${casdoor}`, digest]]) });

    await expect(learn(desired, fakeEngine([`casbin/casdoor@sha256:${"e".repeat(64)}`]))).resolves.toEqual(new Map());
  });

  it("learns images of ours when they came from a registry of one's own", async () => {
    const desired = await load({ set: ["images.registry=harbor.corp.example/platform"] });
    const image = "harbor.corp.example/platform/slipway/nats";
    const docker = fakeEngine([`${image}@${digest}`], { name: "/nats:" });

    const pulled = await learn(desired, docker);

    expect([...pulled.keys()]).toEqual([
      expect.stringMatching(/^harbor\.corp\.example\/platform\/slipway\/nats:[0-9a-f]+$/),
    ]);
  });
});
