import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ActionPorts } from "../../src/actions/context.ts";
import { push } from "../../src/actions/push/push.ts";
import type { PushRequest, PushResult } from "../../src/actions/push/push-request.ts";
import type { RegistryOptions } from "../../src/actions/push/registry-options.ts";
import type { InstallerEvent } from "../../src/events/event.ts";
import { childrenOf, parseManifest } from "../../src/oci/manifest.ts";
import { realPorts } from "../support/real-ports.ts";
import { noHarborOptions } from "../../src/registry/harbor/harbor-options.ts";
import { hexOf } from "../../src/oci/digest.ts";
import type { TestRegistry } from "../stand-ins/registry/create-test-registry.ts";
import { type SyntheticImage, syntheticBytes, syntheticImage } from "../stand-ins/registry/synthetic-image.ts";

/** What stands in a layout, and under which names. */
export type NamedImages = Readonly<Record<string, SyntheticImage>>;

/** Writes images as an OCI layout. */
export async function writeImageLayout(folder: string, images: NamedImages): Promise<void> {
  const blobs = join(folder, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const manifests: unknown[] = [];
  for (const [reference, image] of Object.entries(images)) {
    for (const { descriptor, bytes } of [...image.blobs, ...image.manifests]) {
      await writeFile(join(blobs, hexOf(descriptor.digest)), bytes);
    }
    manifests.push({ ...image.root, annotations: { "org.opencontainers.image.ref.name": reference } });
  }
  await writeFile(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
}

/** Images that share one large layer and have two of their own. */
export function sampleImages(count: number, layerBytes = 20_000): NamedImages {
  const shared = syntheticBytes("shared", 3 * layerBytes);
  return Object.fromEntries(
    Array.from({ length: count }, (_unused, n) => [
      `docker.io/slipway/image-${n}:1`,
      syntheticImage(`image ${n}`, [
        shared,
        syntheticBytes(`own ${n}`, layerBytes + n),
        syntheticBytes(`more ${n}`, 500 + n),
      ]),
    ]),
  );
}

/** Bytes of all blobs, each once. */
export function uniqueBytes(images: NamedImages): number {
  const sizes = new Map(
    Object.values(images).flatMap(({ blobs }) => blobs.map(({ descriptor }) => [descriptor.digest, descriptor.size])),
  );
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** What a registry lacks of that for which it has a manifest. */
export function findIncomplete({ store }: TestRegistry): readonly string[] {
  return [...store.manifests].flatMap(([repository, manifests]) =>
    [...manifests.values()].flatMap(({ bytes }) => {
      const manifest = parseManifest(bytes, (problem) => new Error(problem));
      return childrenOf(manifest)
        .filter(({ digest }) =>
          manifest.kind === "index" ? !manifests.has(digest) : !store.hasBlob(repository, digest),
        )
        .map(({ digest }) => `${repository} lacks ${digest}`);
    }),
  );
}

/** `repository:tag` of everything a registry names. */
export function tagsIn({ store }: TestRegistry): readonly string[] {
  return [...store.tagsOf]
    .flatMap(([repository, tags]) => [...tags.keys()].map((tag) => `${repository}:${tag}`))
    .toSorted();
}

export type PushChanges = Partial<Omit<PushRequest, "registry">> & { readonly registry?: Partial<RegistryOptions> };

export interface PushWorld {
  readonly folder: string;
  readonly layout: string;
  readonly events: InstallerEvent[];
  readonly ports: ActionPorts;
  /** Pushes the layout; waits between attempts are shortened. */
  push(to: string, changes?: PushChanges, signal?: AbortSignal): Promise<PushResult>;
  close(): Promise<void>;
}

/** A layout on the disk, and what a push of it needs. */
export async function createPushWorld(images: NamedImages): Promise<PushWorld> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-push-"));
  const layout = join(folder, "layout");
  await writeImageLayout(layout, images);
  const events: InstallerEvent[] = [];
  const real = realPorts({});
  const ports: ActionPorts = {
    ...real,
    clock: { ...real.clock, sleep: (ms, signal) => real.clock.sleep(Math.min(ms, 5), signal) },
    assets: {} as ActionPorts["assets"],
    environment: {},
    report: (event) => void events.push(event),
    signal: new AbortController().signal,
  };
  return {
    folder,
    layout,
    events,
    ports,
    push: (to, { registry, ...changes } = {}, signal = ports.signal) =>
      push(
        {
          name: "slipway",
          stateDir: join(folder, "state"),
          cacheDir: join(folder, "cache"),
          values: { files: [], set: [], without: [] },
          from: [`oci:${layout}`],
          trust: { keyFiles: [], allowUnsigned: false },
          sourceRegistries: { plainHttp: false },
          images: [],
          platforms: [],
          to,
          pathStyle: "keep",
          registry: { plainHttp: false, ...registry },
          harbor: noHarborOptions,
          dryRun: false,
          ...changes,
        },
        { ...ports, signal },
      ),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
