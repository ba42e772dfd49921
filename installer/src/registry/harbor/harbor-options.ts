import { UsageError } from "../../errors/installer-error.ts";
import { formatTarget, type RegistryTarget } from "../../oci/path-rules.ts";

/** What is wanted of a Harbor besides the images. */
export interface HarborOptions {
  /** Bytes for projects that are made here; -1 for no limit. Left out: Harbor's own default. */
  readonly storageLimit?: number;
  /** Tags that were pushed cannot be moved or removed. */
  readonly immutable: boolean;
  /** Keep so many of the newest pushes of each repository. */
  readonly retain?: number;
  /** A robot account that may pull and nothing else, with the file in which its secret is kept, as `docker login` would. */
  readonly robot?: { readonly name: string; readonly file: string };
}

export const noHarborOptions: HarborOptions = { immutable: false };

/** Names of the flags that only mean something on Harbor and were given. */
export function givenHarborFlags(options: HarborOptions): readonly string[] {
  return [
    ...(options.storageLimit === undefined ? [] : ["--harbor-storage-limit"]),
    ...(options.immutable ? ["--harbor-immutable"] : []),
    ...(options.retain === undefined ? [] : ["--harbor-retain"]),
    ...(options.robot === undefined ? [] : ["--harbor-robot"]),
  ];
}

const robotPattern = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/**
 * Refuses what Harbor would refuse, before it is asked.
 * @throws UsageError naming the flag
 */
export function checkHarborOptions({ retain, robot, storageLimit }: HarborOptions): void {
  if (retain !== undefined && (!Number.isSafeInteger(retain) || retain < 1 || retain > 1_000_000)) {
    throw new UsageError(`--harbor-retain ${retain} keeps nothing`, {
      hint: "give the number of pushes to keep, 1 or more",
    });
  }
  if (
    storageLimit !== undefined &&
    !(Number.isSafeInteger(storageLimit) && (storageLimit === -1 || storageLimit > 0))
  ) {
    throw new UsageError(`--harbor-storage-limit ${storageLimit} is not a size`, {
      hint: "give it like 200GiB, or -1 for none",
    });
  }
  if (robot !== undefined && (!robotPattern.test(robot.name) || robot.name.length > 200)) {
    throw new UsageError(`--harbor-robot ${JSON.stringify(robot.name)} is no name for a robot account`, {
      hint: "give lower-case letters and digits with . _ - between them, without robot$ and project, for example slipway-pull",
    });
  }
}

/** What Harbor takes for the name of a project. */
const projectPattern = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/**
 * On Harbor every image is in a project.
 * @throws UsageError naming the fix
 */
export function requireProject(target: RegistryTarget): void {
  const project = target.path.split("/")[0] ?? "";
  if (project === "") {
    throw new UsageError(`${target.host} is a Harbor, where every image is in a project, and --to names none`, {
      hint: `write --to ${target.host}/<project>, for example --to ${target.host}/ai-infra`,
    });
  }
  if (!projectPattern.test(project)) {
    throw new UsageError(
      `${formatTarget(target)} names the project ${JSON.stringify(project)}, which Harbor does not take`,
      {
        hint: "give lower-case letters and digits with single . _ - between them",
      },
    );
  }
}
