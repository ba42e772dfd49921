import pLimit from "p-limit";
import { CommandError, InterruptedError, PreflightError } from "../errors/installer-error.ts";
import type { Clock, Docker, Exec, FileSystem } from "../platform/ports.ts";
import { ensureDebianBase } from "./base-image.ts";
import { type ImageBuild, ownReference, planImageBuilds } from "./build-plan.ts";
import { type BuildProgress, type ImageBuildEvent, trackBuilds } from "./build-progress.ts";
import { type BuildSecrets, writeBuildSecrets } from "./build-secrets.ts";
import { type Catalogue, debianName, isOwn } from "./catalogue.ts";
import { imageLabels } from "./image-tags.ts";
import { type MachineConfiguration, needsHostNetwork, readMachineConfiguration } from "./mirrors.ts";
import { makeToolboxContext } from "./toolbox-context.ts";

export interface ImageBuildPorts {
  readonly docker: Pick<Docker, "imageId">;
  readonly exec: Pick<Exec, "run">;
  readonly files: Pick<
    FileSystem,
    "readTextIfPresent" | "list" | "exists" | "makeDirectory" | "writeAtomic" | "remove"
  >;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly report: (event: ImageBuildEvent) => void;
}

export interface ImageBuildRequest {
  /** The checkout that holds `images/` and `toolbox/`. */
  readonly repoRoot: string;
  readonly catalogue: Catalogue;
  readonly tags: Readonly<Record<string, string>>;
  /** None named: every image that ships. */
  readonly names: readonly string[];
  readonly jobs: number;
  /** A folder of this run alone; made 0700, removed at the end whatever happens. */
  readonly workFolder: string;
  readonly signal?: AbortSignal;
}

export interface ImageBuildResult {
  readonly name: string;
  readonly reference: string;
  readonly state: "built" | "present";
}

export interface ListedImage {
  readonly name: string;
  readonly kind: "built" | "internal" | "third-party";
  readonly title: string;
  readonly version: string;
  readonly reference: string;
  /** Image ID in the engine; absent when it is not there. */
  readonly imageId?: string;
  readonly digest?: string;
  /** Why the digest is unresolved. */
  readonly reason?: string;
}

/** What every build of one request shares. */
interface BuildContext {
  readonly request: ImageBuildRequest;
  readonly ports: ImageBuildPorts;
  readonly progress: BuildProgress;
  readonly configuration: MachineConfiguration;
  readonly secrets: BuildSecrets;
  readonly debian: string | undefined;
  readonly signal: AbortSignal;
}

/** Every image of the catalogue, and whether the engine has it. */
export async function listImages(
  request: Pick<ImageBuildRequest, "catalogue" | "tags">,
  ports: Pick<ImageBuildPorts, "docker">,
): Promise<readonly ListedImage[]> {
  return await Promise.all(
    Object.values(request.catalogue.images).map(async (image) => {
      const reference = isOwn(image) ? ownReference(request.catalogue, request.tags, image.name) : image.reference;
      const imageId = await ports.docker.imageId(reference);
      return {
        name: image.name,
        kind: image.kind,
        title: image.title,
        version: image.version,
        reference,
        ...(imageId === undefined ? {} : { imageId }),
        ...(isOwn(image) ? {} : { digest: image.digest }),
        ...(isOwn(image) || image.reason === undefined ? {} : { reason: image.reason }),
      };
    }),
  );
}

/**
 * Builds what is missing of the named images, side by side, and nothing that is there.
 * @throws UsageError when a name is not one of ours
 * @throws PreflightError when this machine cannot build
 * @throws CommandError when a build failed; carries its last 30 lines
 * @throws InterruptedError when the signal fired
 */
export async function buildImages(
  request: ImageBuildRequest,
  ports: ImageBuildPorts,
): Promise<readonly ImageBuildResult[]> {
  const listed = await listImages(request, ports);
  const has = new Set(listed.filter((image) => image.imageId !== undefined).map((image) => image.reference));
  const plan = planImageBuilds({ ...request, has });
  const jobs = Math.max(1, request.jobs);
  const progress = trackBuilds({
    builds: plan.builds,
    jobs,
    monotonicMs: () => ports.clock.monotonicMs(),
    report: ports.report,
  });
  for (const name of plan.present) progress.present(name);
  progress.queued();
  if (plan.builds.length > 0) {
    try {
      await runBuilds(plan.builds, plan.needsDebian, { request, ports, progress, jobs });
    } finally {
      await ports.files.remove(request.workFolder);
    }
  }
  const result = (state: "built" | "present") => (name: string) => ({
    name,
    reference: ownReference(request.catalogue, request.tags, name),
    state,
  });
  return [...plan.present.map(result("present")), ...plan.builds.map((build) => result("built")(build.name))];
}

async function runBuilds(
  builds: readonly ImageBuild[],
  needsDebian: boolean,
  run: Pick<BuildContext, "request" | "ports" | "progress"> & { readonly jobs: number },
): Promise<void> {
  const { request, ports, progress } = run;
  await ports.files.makeDirectory(request.workFolder, 0o700);
  const configuration = await readMachineConfiguration(ports);
  const debian = needsDebian ? await debianBase(request, ports, configuration) : undefined;
  const sources = configuration.debian === undefined ? await sourcesOf(request, ports) : undefined;
  const secrets = await writeBuildSecrets(
    configuration,
    {
      folder: `${request.workFolder}/secrets`,
      suite: request.catalogue.debian.suite,
      ...(sources === undefined ? {} : { sources }),
    },
    ports.files,
  );
  // The first failure ends the others: what they made so far stays in the build cache.
  const failure = new AbortController();
  const signal = AbortSignal.any([failure.signal, ...(request.signal === undefined ? [] : [request.signal])]);
  const context: BuildContext = { request, ports, progress, configuration, secrets, debian, signal };
  const slot = pLimit(run.jobs);
  const running = new Map<string, Promise<void>>();
  for (const build of builds) {
    const job = async (): Promise<void> => {
      for (const need of build.needs) await running.get(need);
      await slot(() => buildImage(build, context));
    };
    running.set(
      build.name,
      job().catch((error: unknown) => {
        failure.abort();
        throw error;
      }),
    );
  }
  const outcomes = await Promise.allSettled(running.values());
  const errors = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  if (request.signal?.aborted === true) throw new InterruptedError("building the images was interrupted");
  const first = errors.find((error) => !(error instanceof InterruptedError)) ?? errors[0];
  if (first !== undefined)
    throw first instanceof Error ? first : new CommandError("building the images failed", { cause: first });
}

async function debianBase(
  request: ImageBuildRequest,
  ports: ImageBuildPorts,
  configuration: MachineConfiguration,
): Promise<string> {
  const settings = `${request.workFolder}/apt-settings`;
  if (configuration.aptSettings !== "")
    await ports.files.writeAtomic(settings, configuration.aptSettings, { mode: 0o600 });
  return await ensureDebianBase(
    {
      debian: request.catalogue.debian,
      repository: request.catalogue.repository,
      workFolder: request.workFolder,
      ...(configuration.debian === undefined ? {} : { mirror: configuration.debian }),
      ...(configuration.aptSettings === "" ? {} : { aptSettingsFile: settings }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      onLine: (detail) => ports.report({ type: "image-build", image: debianName, state: "building", detail }),
    },
    ports,
  );
}

/** On a machine without Debian sources the pulled base's own are as good: ours carry none, so they are handed to the builds. */
async function sourcesOf(request: ImageBuildRequest, ports: ImageBuildPorts): Promise<string | undefined> {
  const { image } = request.catalogue.debian;
  if ((await ports.docker.imageId(image)) === undefined) return undefined;
  const file = "/etc/apt/sources.list.d/debian.sources";
  const args = ["run", "--rm", "--network", "none", "--entrypoint", "cat", image, file];
  const result = await ports.exec.run("docker", args, { allowFailure: true, timeoutMs: 60_000 });
  return result.exitCode === 0 ? result.stdout : undefined;
}

async function buildImage(build: ImageBuild, context: BuildContext): Promise<void> {
  const { request, ports, progress, signal } = context;
  refuseWhenAborted(signal, build.name);
  progress.started(build.name);
  let folder = `${request.repoRoot}/images/${build.name}`;
  if (build.image.contexts.includes("toolbox")) {
    folder = `${request.workFolder}/toolbox`;
    await makeToolboxContext(request.repoRoot, folder);
  }
  const result = await ports.exec.run("docker", dockerArguments(build, folder, context), {
    allowFailure: true,
    signal,
    env: { DOCKER_BUILDKIT: "1", ...context.configuration.proxies },
    onLine: (line) => progress.line(build.name, line),
  });
  refuseWhenAborted(signal, build.name);
  if (result.exitCode !== 0) throw buildFailure(build.name, result.stderr, progress);
  progress.finished(build.name);
}

function refuseWhenAborted(signal: AbortSignal, name: string): void {
  if (signal.aborted) throw new InterruptedError(`building ${name} was interrupted`);
}

/** The command line of one build. Nothing secret stands in it: proxies go by name, their values by the environment. */
export function dockerArguments(
  build: ImageBuild,
  folder: string,
  context: Pick<BuildContext, "request" | "configuration" | "secrets" | "debian">,
): readonly string[] {
  const { catalogue, tags } = context.request;
  const sourceOf = (source: string): string =>
    source === debianName ? (context.debian ?? catalogue.debian.image) : ownReference(catalogue, tags, source);
  const labels = {
    ...imageLabels(build.image),
    "org.opencontainers.image.revision": tags[build.name] ?? "",
  };
  const flags = (flag: string, values: Readonly<Record<string, string>>): readonly string[] =>
    Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);
  return [
    "build",
    "--progress=plain",
    ...(needsHostNetwork(context.configuration) ? ["--network=host"] : []),
    ...Object.entries(context.secrets).flatMap(([id, path]) => ["--secret", `id=${id},src=${path}`]),
    ...Object.keys(context.configuration.proxies).flatMap((name) => ["--build-arg", name]),
    ...Object.entries(build.image.from).flatMap(([name, source]) => ["--build-arg", `${name}=${sourceOf(source)}`]),
    ...flags("--build-arg", build.image.pins),
    ...flags("--label", labels),
    "--tag",
    build.reference,
    folder,
  ];
}

function buildFailure(name: string, stderr: string, progress: BuildProgress): Error {
  const lines = progress.lastLines(name);
  progress.failed(name, lines.at(-1) ?? "no output");
  if (/buildx component is missing|buildx: .*not found|unknown flag: --secret/i.test(stderr)) {
    return new PreflightError("docker on this machine has no BuildKit client, so images cannot be built", {
      hint: "install buildx (Debian: docker-buildx, Ubuntu: docker-buildx, elsewhere: docker-buildx-plugin)",
      details: lines,
    });
  }
  return new CommandError(`building the image ${name} failed`, {
    details: lines,
    hint: `the lines above are the last of its log; run \`slipway images build ${name}\` once the cause is removed`,
  });
}
