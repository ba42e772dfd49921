import { dirname } from "node:path";
import { CommandError, InterruptedError } from "../errors/installer-error.ts";
import type { Clock, Docker, Exec, FileSystem } from "../platform/ports.ts";
import { ensureDebianBase } from "./base-image.ts";
import { buildFailure, explainFailure, withoutPasswords } from "./build-failure.ts";
import { type ImageBuild, ownReference, planImageBuilds } from "./build-plan.ts";
import { type BuildProgress, type ImageBuildEvent, tickMs, trackBuilds } from "./build-progress.ts";
import { orderBuilds, runInOrder, type Wish } from "./build-schedule.ts";
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
  readonly clock: Pick<Clock, "monotonicMs" | "sleep">;
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
  readonly wish?: Wish;
  /** Called for each image of the request as soon as the engine has it, also for those that were there. */
  readonly onReady?: (image: ImageBuildResult) => void;
  readonly jobs: number;
  /** A folder of this run alone; made 0700, removed at the end whatever happens. */
  readonly workFolder: string;
  /** Where the whole output of a build that failed is kept until it fails again. */
  readonly logFolder: string;
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
 * @throws CommandError when a build failed; begins with the cause, and carries the last lines of the step
 * @throws InterruptedError when the signal fired
 */
export async function buildImages(
  request: ImageBuildRequest,
  ports: ImageBuildPorts,
): Promise<readonly ImageBuildResult[]> {
  const listed = await listImages(request, ports);
  const has = new Set(listed.filter((image) => image.imageId !== undefined).map((image) => image.reference));
  const plan = planImageBuilds({ ...request, has });
  const builds = orderBuilds(plan.builds, request.wish);
  const jobs = Math.max(1, request.jobs);
  const progress = trackBuilds({
    builds,
    jobs,
    monotonicMs: () => ports.clock.monotonicMs(),
    report: ports.report,
  });
  const resultOf = (state: "built" | "present", name: string): ImageBuildResult => ({
    name,
    reference: ownReference(request.catalogue, request.tags, name),
    state,
  });
  for (const name of plan.present) {
    progress.present(name);
    request.onReady?.(resultOf("present", name));
  }
  progress.queued();
  if (builds.length > 0) {
    const onBuilt = (name: string): void => request.onReady?.(resultOf("built", name));
    const stopTicking = keepTicking(progress, ports.clock);
    try {
      await runBuilds(builds, plan.needsDebian, { request, ports, progress, jobs, onBuilt });
    } finally {
      stopTicking();
      await ports.files.remove(request.workFolder);
    }
  }
  return [
    ...plan.present.map((name) => resultOf("present", name)),
    ...builds.map(({ name }) => resultOf("built", name)),
  ];
}

/** A build that prints nothing for minutes, as one large package makes it, is reported all the same. */
function keepTicking(progress: BuildProgress, clock: Pick<Clock, "sleep">): () => void {
  const stop = new AbortController();
  const tick = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(tickMs, stop.signal);
      if (stop.signal.aborted) return;
      progress.tick();
    }
  };
  // Sleep is cut short by an error when it is stopped.
  void tick().catch(() => undefined);
  return () => stop.abort();
}

async function runBuilds(
  builds: readonly ImageBuild[],
  needsDebian: boolean,
  run: Pick<BuildContext, "request" | "ports" | "progress"> & {
    readonly jobs: number;
    readonly onBuilt: (name: string) => void;
  },
): Promise<void> {
  const { request, ports, progress } = run;
  await ports.files.makeDirectory(request.workFolder, 0o700);
  const configuration = await readMachineConfiguration(ports);
  const debian = needsDebian ? await debianBase(run, configuration) : undefined;
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
  const errors = await runInOrder(builds, run.jobs, async (build) => {
    try {
      await buildImage(build, context);
    } catch (error) {
      failure.abort();
      throw error;
    }
    run.onBuilt(build.name);
  });
  if (request.signal?.aborted === true) throw new InterruptedError("building the images was interrupted");
  const first = errors.find((error) => !(error instanceof InterruptedError)) ?? errors[0];
  if (first !== undefined)
    throw first instanceof Error ? first : new CommandError("building the images failed", { cause: first });
}

async function debianBase(
  { request, ports, progress }: Pick<BuildContext, "request" | "ports" | "progress">,
  configuration: MachineConfiguration,
): Promise<string> {
  const settings = `${request.workFolder}/apt-settings`;
  if (configuration.aptSettings !== "")
    await ports.files.writeAtomic(settings, configuration.aptSettings, { mode: 0o600 });
  const reference = await ensureDebianBase(
    {
      debian: request.catalogue.debian,
      repository: request.catalogue.repository,
      workFolder: request.workFolder,
      ...(configuration.debian === undefined ? {} : { mirror: configuration.debian }),
      ...(configuration.aptSettings === "" ? {} : { aptSettingsFile: settings }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      onLine: (detail) => progress.working(debianName, detail),
    },
    ports,
  );
  if (progress.running.includes(debianName)) progress.finished(debianName);
  return reference;
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
  if (result.exitCode !== 0) throw await failureOf(build.name, context);
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

async function failureOf(name: string, { request, ports, progress }: BuildContext): Promise<Error> {
  const lines = progress.output(name);
  progress.failed(name, explainFailure(lines).cause);
  const path = `${request.logFolder}/${name}.log`;
  const logFile = await keepOutput(path, lines, ports.files).catch(() => undefined);
  return buildFailure({ name, lines, logFile, built: progress.built, cutOff: progress.running });
}

/** A disk that is full takes no log either. */
async function keepOutput(
  path: string,
  lines: readonly string[],
  files: Pick<ImageBuildPorts["files"], "makeDirectory" | "writeAtomic">,
): Promise<string> {
  await files.makeDirectory(dirname(path), 0o700);
  await files.writeAtomic(path, lines.map((line) => `${withoutPasswords(line)}\n`).join(""), { mode: 0o600 });
  return path;
}
