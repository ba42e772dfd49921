import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { referenceProfiles } from "../../../test/support/compose-reference.ts";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { openAssets } from "../../cli/assets.ts";
import { type ImageLock, uncoveredImages } from "../../images/image-lock.ts";
import { fullTagged } from "../../oci/reference.ts";
import { componentDefinitions } from "../../plan/components/all.ts";
import { renderCompose } from "../../render/compose/render-compose.ts";
import { renderHelm } from "../../render/helm/render-helm.ts";
import { renderedFileToString } from "../../render/rendered-file.ts";
import { everyPlan, findEveryImage } from "./every-image.ts";
import { listProfiles, readImageTable } from "../desired/load-plan.ts";

const assets = openAssets();
const ports = { fs: createMemoryFileSystem(), assets };

function request(set: readonly string[] = []) {
  return { name: "slipway", stateDir: "/state", values: { files: [], set, without: [] } };
}

/** A lock with a row for each image of the catalogue, whatever stands behind it. */
function lockOfCatalogue(): ImageLock {
  const images = Object.entries(readImageTable(assets)).map(([name, { reference, source }]) => ({
    name,
    reference: fullTagged(reference),
    kind: source,
    licenses: "",
    reasons: [],
    unresolved: "only the name counts here",
  }));
  return { apiVersion: "slipway/v1", kind: "ImageLock", version: "0", profiles: [], platforms: [], images };
}

/** Values of every key `image`, `waiterImage` and the like in a rendered YAML file, wherever it stands; a variable in capitals is none. */
function imagesIn(text: string): readonly string[] {
  const found: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (/[iI]mage$/.test(key) && typeof inner === "string" && inner !== "") found.push(inner);
      visit(inner);
    }
  };
  visit(parse(text));
  return found;
}

describe("every image of the platform", () => {
  it.each(listProfiles(assets))(
    "has a row in the lock, for each target that takes it, with all parts of profile %s on",
    async (profile) => {
      const plans = await everyPlan(request(), [profile], ports);

      const rendered = plans.flatMap((plan) => [
        ...(referenceProfiles().includes(profile) ? renderCompose(plan).files : []),
        ...renderHelm(plan).files,
      ]);
      const references = rendered
        .filter(({ path }) => path.endsWith(".yaml") && !path.startsWith("chart/"))
        .flatMap((file) => imagesIn(renderedFileToString(file)));

      expect(references.length).toBeGreaterThan(20);
      expect(uncoveredImages(lockOfCatalogue(), references)).toEqual([]);
    },
  );

  it("is found whichever profile, component or job uses it, with the reasons", async () => {
    const images = await findEveryImage(request(), [], ports);

    expect(images.map((image) => image.reference)).toEqual(
      Object.values(readImageTable(assets))
        .map(({ reference }) => fullTagged(reference))
        .toSorted(),
    );
    expect(images.find((image) => image.name === "temporal-ui")?.reasons).toEqual(["component temporal-ui"]);
    expect(images.find((image) => image.name === "toolbox")?.reasons).toEqual(
      expect.arrayContaining([expect.stringMatching(/^job /)]),
    );
    expect(images.filter((image) => image.reasons.length === 0)).toEqual([]);
  });

  it("turns on every component there is", async () => {
    const plans = await everyPlan(request(), [], ports);
    const running = plans.flatMap((plan) => plan.components.filter((row) => row.workload).map((row) => row.id));
    // The tunnel runs where Redis is elsewhere, and the archive of the log where it is asked for, from images that others have, too.
    const withoutContainers = ["redis-tunnel", "openid-provider", "hub-stores", "backup", "wal-archive"];

    const never = componentDefinitions.map(({ id }) => id).filter((id) => !running.includes(id));

    expect(never).toEqual(withoutContainers);
  });

  it("counts an image named in the values as somebody else's", async () => {
    const images = await findEveryImage(request(["postgres.image=corp.example/db/postgres:17"]), [], ports);

    expect(images.find((image) => image.reference === "corp.example/db/postgres:17")).toMatchObject({
      kind: "third-party",
      reasons: expect.arrayContaining(["component postgres"]) as unknown,
    });
  });

  it("is named by where it comes from, also when a registry of one's own is set", async () => {
    const plain = await findEveryImage(request(), [], ports);
    const mapped = await findEveryImage(request(["images.registry=harbor.corp.example/platform"]), [], ports);

    expect(mapped).toEqual(plain);
  });
});

describe("uncoveredImages", () => {
  it("names what the lock has no row for, whatever its digest", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const [known] = lockOfCatalogue().images;

    const missing = uncoveredImages(lockOfCatalogue(), [`${known?.reference ?? ""}@${digest}`, "redis:7", "redis:7"]);

    expect(missing).toEqual(["docker.io/library/redis:7"]);
  });
});
