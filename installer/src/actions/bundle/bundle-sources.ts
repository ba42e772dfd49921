import { join } from "node:path";
import { openBundle } from "../../bundle/open-bundle.ts";
import { createEngineSource } from "../../bundle/sources/engine-source.ts";
import { openFileSource } from "../../bundle/sources/file-source.ts";
import { parseGivenName } from "../../bundle/sources/image-names.ts";
import { openLayoutFolder } from "../../bundle/sources/layout-source.ts";
import { PreflightError, RegistryError, UsageError } from "../../errors/installer-error.ts";
import type { ImageSource } from "../../oci/content.ts";
import { isOwnName, ownNameReason } from "../../oci/own-names.ts";
import { mapReference, parseTarget } from "../../oci/path-rules.ts";
import { formatReference, parseReference, type Reference } from "../../oci/reference.ts";
import type { RegistryClient } from "../../registry/registry-client.ts";
import { createRegistrySource } from "../../registry/registry-source.ts";
import type { ActionPorts } from "../context.ts";
import { type RegistryOptions, openRegistries } from "../push/registry-options.ts";

/** How bundles that are read are trusted. */
export interface ReadTrust {
  /** Minisign public keys. */
  readonly trustedKeys: readonly string[];
  readonly allowUnsigned: boolean;
}

export interface SourcesRequest {
  /** `engine`, `registry`, `oci:DIR` or a path, in order; engine, then registry when empty. */
  readonly from: readonly string[];
  /** What images without a name are called, of the one layout or archive in `from`. */
  readonly as?: string;
  /** Images that will be asked for. */
  readonly references: readonly string[];
  readonly cacheDir: string;
  /** The step under which the display shows what takes long. */
  readonly step: string;
  readonly registries?: RegistryOptions;
  /** `images.registry` of the values: registries are asked for the copies there. */
  readonly mirror?: string;
  readonly trust?: ReadTrust;
}

/**
 * Opens the places that images are taken from, in order.
 * @throws PreflightError, BundleError or UsageError naming the one that cannot be read
 */
export async function openSources(request: SourcesRequest, ports: ActionPorts): Promise<readonly ImageSource[]> {
  const sources: ImageSource[] = [];
  if (request.as !== undefined) checkNaming(request.as, request.from);
  const places = request.from.length > 0 ? request.from : await usualPlaces(ports);
  try {
    for (const from of places) sources.push(await openSource(from, request, ports));
  } catch (error) {
    for (const source of sources) await source.close();
    throw error;
  }
  return sources;
}

/** A name is for one layout or archive: of several nobody could tell which is meant. */
function checkNaming(as: string, from: readonly string[]): void {
  if (from.filter((place) => place !== "engine" && place !== "registry").length === 1) return;
  throw new UsageError(`--as ${as} names what one layout or archive holds`, {
    hint: "name it with --from oci:DIR or --from FILE, and only one",
  });
}

/** Without an engine there are still registries; who names the engine wants it. */
async function usualPlaces(ports: ActionPorts): Promise<readonly string[]> {
  try {
    await ports.images.version();
    return ["engine", "registry"];
  } catch (error) {
    if (!(error instanceof PreflightError)) throw error;
    ports.report({ type: "warning", message: `${error.message}; images are taken from registries` });
    return ["registry"];
  }
}

async function openSource(from: string, request: SourcesRequest, ports: ActionPorts): Promise<ImageSource> {
  const { references, cacheDir, trust, step } = request;
  const as = request.as === undefined ? undefined : parseGivenName(request.as);
  if (from === "engine") {
    const onMeasured = reportMeasuring(step, ports.report);
    return createEngineSource(
      { references, cacheDir, signal: ports.signal, onMeasured },
      { ...ports, docker: ports.images },
    );
  }
  if (from === "registry") return openRegistry(request, ports);
  if (from.startsWith("oci:")) return openLayoutFolder(from.slice("oci:".length), ports.bulkFiles, as);
  await removeLeftSpools(cacheDir, ports);
  const spoolPath = join(cacheDir, `spool-${ports.process.pid}-${ports.random.uuid()}.tar`);
  const source = await openFileSource(
    { path: from, spoolPath, signal: ports.signal, ...(as !== undefined && { as }) },
    {
      bulk: ports.bulkFiles,
      fs: ports.fs,
      report: ports.report,
      openBundle: (path) =>
        openBundle(
          {
            paths: [path],
            partFolders: [],
            trustedKeys: trust?.trustedKeys ?? [],
            allowUnsigned: trust?.allowUnsigned ?? false,
          },
          ports,
        ),
    },
  );
  if (as === undefined || source.kind !== "bundle") return source;
  await source.close();
  throw new UsageError(`--as ${formatReference(as)} names nothing: ${from} is a bundle, whose images all have names`, {
    hint: "leave --as out",
  });
}

/** What a run that was killed had unpacked is as large as all its images, and nobody would ever look for it. */
async function removeLeftSpools(cacheDir: string, { fs, host }: Pick<ActionPorts, "fs" | "host">): Promise<void> {
  for (const name of await fs.list(cacheDir)) {
    const pid = /^spool-([0-9]{1,10})-[0-9a-f-]+\.tar$/.exec(name)?.[1];
    if (pid !== undefined && !host.processAlive(Number(pid))) await fs.remove(join(cacheDir, name));
  }
}

/** The engine tells sizes of layers only by exporting them: the first time that is a wait of many seconds. */
function reportMeasuring(step: string, report: ActionPorts["report"]): (bytes: number) => void {
  let read = 0;
  return (bytes) => {
    read += bytes;
    const far = read === 0 ? "" : `, ${Math.floor(read / 1024 ** 2)} MiB so far`;
    report({ type: "progress", step, id: "docker engine", detail: `reading layers once to learn their sizes${far}` });
  };
}

async function openRegistry(
  { registries, references, mirror = "" }: SourcesRequest,
  ports: ActionPorts,
): Promise<ImageSource> {
  const access = await openRegistries(registries ?? { plainHttp: false }, "", ports);
  const places = references.map(parseReference).map((reference) => placeOf(reference, mirror));
  const clients = new Map<string, RegistryClient>();
  const client = (host: string): RegistryClient => {
    const known = clients.get(host);
    if (known !== undefined) return known;
    const connected = access.connect(host);
    const own = places.filter((place) => place.host === host);
    connected.expect(own.map(({ repository }) => ({ repository, actions: "pull" })));
    clients.set(host, connected);
    return connected;
  };
  const close = (): Promise<void> => {
    for (const one of clients.values()) one.close();
    return Promise.resolve();
  };
  if (mirror === "") return withoutOwnNames(createRegistrySource({ client, close }));
  const source = createRegistrySource({ client, close, name: `the registry ${mirror}` });
  return {
    ...source,
    async resolve(reference, platforms) {
      const mapped = formatReference(placeOf(parseReference(reference), mirror));
      const found = await source.resolve(mapped, platforms);
      return found === undefined ? undefined : { ...found, reference };
    },
  };
}

/** Where an image is asked for. */
function placeOf(reference: Reference, mirror: string): Reference {
  return mirror === "" ? reference : mapReference(reference, parseTarget(mirror), "keep");
}

/** Who answers at a public registry under our names is not us: it is not even asked. */
function withoutOwnNames(source: ImageSource): ImageSource {
  return {
    ...source,
    resolve: async (reference, platforms) => {
      if (!isOwnName(reference)) return source.resolve(reference, platforms);
      throw new RegistryError(`${reference} is not looked for in registries: ${ownNameReason}`, {
        hint: "slipway images build makes it; or set images.registry to where it was pushed",
      });
    },
  };
}
