import type { LookFinding, LookLine } from "../../../../../toolbox/src/contract.ts";
import { PreflightError } from "../../../errors/installer-error.ts";
import { resolveText } from "../../../execute/secrets/encode.ts";
import { givenValue } from "../../../execute/secrets/given-value.ts";
import { outsideJobId } from "../../../plan/groups/outside-services.ts";
import type { Job } from "../../../plan/model.ts";
import { isSecretSlot } from "../../../plan/text.ts";
import { renderCompose } from "../../../render/compose/render-compose.ts";
import type { CheckFinding } from "../../check.ts";
import type { ComposeCheck, ComposeCheckContext } from "./compose-check.ts";

/** Looks at services elsewhere from a container, as the platform's programs would. What it is told goes in by its input, where nobody sees it. */
export const outsideServices: ComposeCheck = {
  id: "external.services",
  title: "every service elsewhere is one that the platform can work with",
  why: "a wrong version, a missing right or another clock shows only when people work, or stops an install half-way",
  severity: "failure",
  docs: "external-services.md",
  run: async (context) => {
    const job = context.plan.jobs.find(({ id }) => id === outsideJobId);
    if (job === undefined || !context.engine.reachable) return [];
    const { reference } = job.container.image;
    if (!(await context.docker.imageIds([reference])).has(reference)) return [notLooked(reference)];
    const document = await documentOf(context, job).catch((error: unknown) => {
      // A secret that cannot be read is told by the check of given files.
      if (error instanceof PreflightError) return undefined;
      throw error;
    });
    return document === undefined ? [] : look(context, reference, document);
  },
};

function notLooked(reference: string): CheckFinding {
  return {
    severity: "warning",
    message: `services elsewhere are not looked into: the image ${reference} is not here yet`,
    remedy: "run slipway doctor again once images are built or loaded; an install looks at what it needs as it goes",
  };
}

/** The document of the job with the secrets that are given, which are all that it holds. */
async function documentOf({ plan, values, fs }: ComposeCheckContext, job: Job): Promise<string> {
  const rendering = renderCompose({ ...plan, jobs: [job] });
  const file = rendering.files.find(({ path }) => path.startsWith(`files/${job.id}/`));
  const contents = file?.contents ?? [];
  const names = new Set(contents.filter(isSecretSlot).map(({ name }) => name));
  const given = (path: string): string | undefined => valueAt(values, path);
  const read = new Map<string, string>();
  for (const spec of plan.secrets.filter(({ name }) => names.has(name))) {
    read.set(spec.name, await givenValue(fs, { given }, spec));
  }
  return resolveText(contents, ({ name }) => read.get(name) ?? "");
}

function valueAt(values: unknown, path: string): string | undefined {
  const found = path
    .split(".")
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], values);
  return typeof found === "string" ? found : undefined;
}

async function look(
  { exec, docker, plan, signal }: ComposeCheckContext,
  reference: string,
  document: string,
): Promise<readonly CheckFinding[]> {
  const own = `${plan.install.name}_app`;
  const network = (await docker.networks()).some(({ name }) => name === own) ? own : "bridge";
  const limits = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pids-limit", "64"];
  const args = ["run", "--rm", "--interactive", "--network", network, ...limits, "--memory", "256m", "--tmpfs", "/tmp"];
  const { exitCode, stdout, stderr } = await exec.run("docker", [...args, "--pull", "never", reference, "look", "-"], {
    stdin: document,
    timeoutMs: 90_000,
    allowFailure: true,
    signal,
  });
  if (exitCode !== 0) {
    const why = stderr.trim().split("\n").at(-1) ?? "";
    return [{ message: `services elsewhere could not be looked into: ${why}`, remedy: "slipway doctor looks again" }];
  }
  return stdout.split("\n").flatMap(parseLine).map(toFinding);
}

type Told = LookFinding & { readonly service: string };

function parseLine(line: string): readonly Told[] {
  if (!line.startsWith("{")) return [];
  const { service, findings } = JSON.parse(line) as LookLine;
  return findings.map((finding) => ({ ...finding, service }));
}

function toFinding({ service, severity, message, remedy }: Told): CheckFinding {
  return { component: service, severity, message, remedy };
}
