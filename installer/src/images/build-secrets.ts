import type { FileSystem } from "../platform/ports.ts";
import { renderSources } from "./apt-sources.ts";
import type { MachineConfiguration } from "./mirrors.ts";

/** Id of a BuildKit secret to the file that holds it. */
export type BuildSecrets = Readonly<Record<string, string>>;

/**
 * Writes what of this machine's configuration the builds need into an own folder (0700), as files for secret mounts. Such a file is
 * there for one command of a build and in no layer; the folder is removed when the builds end.
 */
export async function writeBuildSecrets(
  configuration: MachineConfiguration,
  options: { readonly folder: string; readonly suite: string; readonly sources?: string },
  files: Pick<FileSystem, "makeDirectory" | "writeAtomic" | "readTextIfPresent">,
): Promise<BuildSecrets> {
  await files.makeDirectory(options.folder, 0o700);
  const caBundle =
    configuration.caBundle === undefined ? undefined : await files.readTextIfPresent(configuration.caBundle);
  const sources =
    configuration.debian === undefined ? options.sources : renderSources(configuration.debian, options.suite);
  const contents: Readonly<Record<string, string | undefined>> = {
    "apt-sources": sources,
    "apt-conf": aptConf(configuration, caBundle !== undefined),
    "apt-auth": configuration.aptLogins,
    ca: caBundle,
    goenv: configuration.goSettings,
    netrc: configuration.goLogins,
  };
  const written: Record<string, string> = {};
  for (const [id, text] of Object.entries(contents)) {
    if (text === undefined || text === "") continue;
    const path = `${options.folder}/${id}`;
    await files.writeAtomic(path, text, { mode: 0o600 });
    written[id] = path;
  }
  return written;
}

function aptConf(configuration: MachineConfiguration, hasCaBundle: boolean): string {
  // An image that is cut off is made again, so its packages need not reach the disk one by one.
  const quick = 'DPkg::Options { "--force-unsafe-io"; };\n';
  // The CA bundle is mounted where the Dockerfiles mount the secret `ca`.
  return quick + configuration.aptSettings + (hasCaBundle ? 'Acquire::https::CAInfo "/run/secrets/ca";\n' : "");
}
