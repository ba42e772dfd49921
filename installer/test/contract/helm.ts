import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import type { Plan } from "../../src/plan/model.ts";
import type { KubernetesObject } from "../../src/render/hardening/hardening-input.ts";
import { renderHelm } from "../../src/render/helm/render-helm.ts";
import { renderedFileToString } from "../../src/render/rendered-file.ts";

const run = promisify(execFile);
const root = new URL("../../../", import.meta.url).pathname;
export const chartFolder = join(root, "charts/platform");

/** Path of the real helm program; builds it on first use. Tests that need it fail without it: a check that did not run is no check. */
export function helmProgram(): string {
  const output = execFileSync(join(root, "scripts/testbed/build-helm.sh"), {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return output.trim().split("\n").at(-1) ?? "";
}

/** Writes a plan's values file, gives its path to the body, and removes it. */
export async function withHelmValues<T>(plan: Plan, body: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-helm-"));
  try {
    const path = join(folder, "values.yaml");
    const [values] = renderHelm(plan).files;
    await writeFile(path, values === undefined ? "" : renderedFileToString(values));
    return await body(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What `helm template` makes of a plan, parsed. */
export async function templatePlan(plan: Plan, extra: readonly string[] = []): Promise<readonly KubernetesObject[]> {
  const program = helmProgram();
  return withHelmValues(plan, async (path) => {
    const { stdout } = await run(
      program,
      ["template", plan.install.name, chartFolder, "--namespace", "test", "-f", path, ...extra],
      {
        maxBuffer: 64 * 2 ** 20,
      },
    );
    return parseManifests(stdout);
  });
}

/** Parses a stream of manifests, duplicate keys refused. */
export function parseManifests(stream: string): readonly KubernetesObject[] {
  return parseAllDocuments(stream, { uniqueKeys: true, version: "1.1" }).flatMap((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) throw problem;
    const object = document.toJS() as KubernetesObject | null;
    return object === null ? [] : [object];
  });
}
