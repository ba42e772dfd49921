import { ApplyError, CommandError, PreflightError } from "../../errors/installer-error.ts";
import type { RunOptions, RunResult } from "../../platform/ports.ts";
import type { HelmPorts } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";

/** The helm program on one release. */
export interface HelmProgram {
  /**
   * Makes the release what chart and values say; waits for nothing.
   * @throws ApplyError with what the API server refused
   */
  upgrade(chart: string, values: readonly string[]): Promise<void>;
  /**
   * The objects that chart and values make, as YAML documents, without a look at the cluster.
   * @throws PreflightError without helm; ApplyError with what is wrong with chart or values
   */
  template(chart: string, values: readonly string[], server: TemplateServer): Promise<string>;
  /** The objects of the release as YAML documents; undefined when there is no release. */
  manifest(): Promise<string | undefined>;
  /** Removes the release and its objects; whether there was one. */
  uninstall(): Promise<boolean>;
}

/** What a chart may ask about the API server. */
export interface TemplateServer {
  /** `v1.35.4`. */
  readonly version: string;
  /** Kinds that it has, `gateway.networking.k8s.io/v1/Gateway`; those of Kubernetes itself need not be named. */
  readonly kinds: readonly string[];
}

export type ProgramPorts = Pick<HelmPorts, "cluster" | "place" | "exec" | "environment">;

const upgradeLimitMs = 600_000;
const templateLimitMs = 60_000;
/** Revisions of the release that helm keeps. */
const historyKept = 5;

/** Runs `helm`, major version 3 or 4, for the release of an install. */
export function createHelmProgram(ports: ProgramPorts, release: string): HelmProgram {
  const { namespace } = ports.place;
  const helm = (args: readonly string[], options: RunOptions = {}): Promise<RunResult> =>
    runHelm(ports, [...args, "--namespace", namespace, "--kube-context", ports.cluster.place().context], options);
  return {
    upgrade: async (chart, values) => {
      // Helm 4 refuses to take a field back that somebody changed by hand, and every later upgrade with it.
      const takesBack = (await helmMajor(ports)) >= 4 ? ["--server-side=true", "--force-conflicts"] : [];
      const files = values.flatMap((file) => ["--values", file]);
      const args = [
        "upgrade",
        release,
        chart,
        "--install",
        ...files,
        ...takesBack,
        "--history-max",
        String(historyKept),
      ];
      try {
        // Not tied to Ctrl-C: it takes seconds, and a release that is half applied must be repaired first.
        await helm(args, { timeoutMs: upgradeLimitMs });
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        throw refusedRelease(release, error);
      }
    },
    template: async (chart, values, server) => {
      const files = values.flatMap((file) => ["--values", file]);
      const known = server.kinds.flatMap((kind) => ["--api-versions", kind]);
      const args = ["template", release, chart, ...files, "--kube-version", server.version, ...known];
      try {
        return (await helm(args, { timeoutMs: templateLimitMs })).stdout;
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        if (isMissing(error)) throw notInstalled();
        throw new ApplyError(`helm cannot make the release ${release}: ${reasonOf(error)}`, { cause: error });
      }
    },
    manifest: async () => {
      const { exitCode, stdout } = await helm(["get", "manifest", release], { allowFailure: true });
      return exitCode === 0 ? stdout : undefined;
    },
    uninstall: async () => {
      const { exitCode, stderr } = await helm(["uninstall", release], {
        allowFailure: true,
        timeoutMs: upgradeLimitMs,
      });
      if (exitCode === 0) return true;
      if (/not found/i.test(stderr)) return false;
      throw new ApplyError(`helm could not remove the release ${release}`, {
        hint: "correct the cause and run the same command again",
        output: stderr.trim().split("\n"),
      });
    },
  };
}

function refusedRelease(release: string, error: CommandError): ApplyError {
  const said = [...error.output, ...error.details].filter((line) => line.trim() !== "");
  return new ApplyError(`helm could not apply the release ${release}: ${reasonOf(error)}`, {
    hint: "correct the cause and run the same command again; what was applied stays",
    output: said,
    cause: error,
  });
}

function reasonOf(error: CommandError): string {
  const line = [...error.output, ...error.details].findLast((text) => text.startsWith("Error:"));
  return line?.replace(/^Error: (UPGRADE FAILED: )?/, "") ?? error.message;
}

/** The person's own environment, as kubectl has it: credential plugins need it. What would point helm elsewhere is left out. */
async function runHelm(
  { exec, environment }: Pick<ProgramPorts, "exec" | "environment">,
  args: readonly string[],
  options: RunOptions,
): Promise<RunResult> {
  const env = Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined || name.startsWith("HELM_") ? [] : [[name, value]],
    ),
  );
  return exec.run("helm", args, { ...options, env });
}

/**
 * The installed helm's major version.
 * @throws PreflightError when there is none, or one that cannot be worked with
 */
export async function helmMajor(ports: Pick<ProgramPorts, "exec" | "environment">): Promise<number> {
  const version = await helmVersion(ports);
  const major = Number(/^v?(\d+)\./.exec(version ?? "")?.[1] ?? 0);
  if (version === undefined) throw notInstalled();
  if (major === 3 || major === 4) return major;
  throw new PreflightError(`helm ${version} cannot be worked with`, { hint: "use helm 3.14 or later, or 4" });
}

function notInstalled(): PreflightError {
  return new PreflightError("helm is not installed", { hint: "install helm 3.14 or later, or 4, and put it on PATH" });
}

function isMissing(error: CommandError): boolean {
  return error.message.includes("not installed");
}

/** `v4.1.1`; undefined when helm is not installed. */
export async function helmVersion(ports: Pick<ProgramPorts, "exec" | "environment">): Promise<string | undefined> {
  try {
    const { stdout } = await runHelm(ports, ["version", "--template", "{{.Version}}"], { timeoutMs: 20_000 });
    return stdout.trim();
  } catch (error) {
    if (error instanceof CommandError && isMissing(error)) return undefined;
    throw error;
  }
}

/** A release whose last helm was ended in the middle: every later one would be refused. */
export interface PendingRelease {
  /** Name of the Secret that helm keeps this revision in. */
  readonly record: string;
  readonly revision: number;
  readonly status: string;
  readonly since: Date;
}

/** The newest revision of a release, where helm began it and did not end it. */
export async function pendingRelease(
  { cluster, place }: Pick<ProgramPorts, "cluster" | "place">,
  release: string,
): Promise<PendingRelease | undefined> {
  const labels = `owner=helm,name=${release}`;
  const records = await cluster.listMetadata(kinds.secret, { ...place, labels });
  const newest = records
    .map(({ metadata }) => ({ metadata, revision: Number(metadata.labels?.["version"] ?? 0) }))
    .toSorted((a, b) => b.revision - a.revision)[0];
  const status = newest?.metadata.labels?.["status"];
  if (newest === undefined || status?.startsWith("pending-") !== true) return undefined;
  const { name: record, creationTimestamp = "" } = newest.metadata;
  return { record, revision: newest.revision, status, since: new Date(creationTimestamp) };
}
