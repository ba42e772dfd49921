import { delimiter, isAbsolute, join } from "node:path";
import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import type { HelmPorts } from "./helm-ports.ts";

/**
 * What of this process's environment leads to the cluster: the kubeconfig, and where helm and the programs that kubeconfigs name for
 * credentials are found. A timer has none of it.
 * @throws PreflightError when there is no kubeconfig; UsageError when it is named by a relative path
 */
export async function unattendedEnvironment({
  environment,
  fs,
}: Pick<HelmPorts, "environment" | "fs">): Promise<Readonly<Record<string, string>>> {
  const { KUBECONFIG = "", HOME = "/root", PATH = "" } = environment;
  const named = KUBECONFIG.split(delimiter).filter((path) => path !== "");
  const files = named.length > 0 ? named : [join(HOME, ".kube/config")];
  const relative = files.find((path) => !isAbsolute(path));
  if (relative !== undefined) {
    throw new UsageError(`KUBECONFIG names ${relative}, and a timer runs in another directory`, {
      hint: "name it by its absolute path",
    });
  }
  const there = await Promise.all(files.map((path) => fs.exists(path)));
  if (!there.includes(true)) {
    throw new PreflightError(`there is no kubeconfig ${files.join(", ")}, by which a timer would reach the cluster`, {
      hint: "name one that asks nobody, by its absolute path: sudo KUBECONFIG=/path/to/kubeconfig slipway backup schedule",
    });
  }
  return { KUBECONFIG: files.join(delimiter), HOME, ...(PATH === "" ? {} : { PATH }) };
}
