import { createHash } from "node:crypto";
import { join } from "node:path";
import { PreflightError } from "../../../errors/installer-error.ts";
import { planOfInstall } from "../../../execute/state/install.ts";
import type { FileSystem } from "../../../platform/ports.ts";
import { recordedValues } from "../../context.ts";
import { showValues } from "../../values/show-values.ts";
import type { Collector } from "../collector.ts";

export const values: Collector = {
  id: "values",
  holds: "every value in effect with the layer it comes from; secrets are left out",
  why: "what was asked for",
  collect: async ({ place, ports, addJson }) => {
    await addJson("values.json", await showValues({ ...place, values: recordedValues }, ports));
  },
};

export const plan: Collector = {
  id: "plan",
  holds:
    "the plan that runs, and that of a change which is not complete; they have names of secrets and no value of one",
  why: "what the platform is made of",
  collect: async ({ install, addJson }) => {
    if (planOfInstall(install) === undefined) throw new PreflightError("there is no plan that can be read");
    if (install.plan !== undefined) await addJson("plan.json", install.plan);
    if (install.pendingPlan !== undefined) await addJson("plan.pending.json", install.pendingPlan);
  },
};

export const rendered: Collector = {
  id: "rendered",
  holds: "names, sizes and hashes of the files that were rendered for the last complete install, not the files",
  why: "whether the files are those that the same plan gives elsewhere",
  collect: async ({ install, ports, addJson }) => {
    const { applied, layout } = install;
    const folder = join(layout.releases, String(applied.release));
    const paths = await filesBelow(folder, ports.fs);
    if (paths.length === 0) throw new PreflightError("no complete install is recorded");
    const files = await Promise.all(
      paths.map(async (path) => {
        const bytes = await ports.fs.readBytes(join(folder, path));
        return { path, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
      }),
    );
    await addJson("rendered.json", { release: applied.release, files });
  },
};

/** Relative paths of the files in a folder and below it. */
async function filesBelow(folder: string, fs: FileSystem, prefix = ""): Promise<readonly string[]> {
  const names = await fs.list(join(folder, prefix));
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(prefix, name);
      const stat = await fs.stat(join(folder, path));
      return stat?.directory === true ? filesBelow(folder, fs, path) : [path];
    }),
  );
  return found.flat();
}
