import { BundleError, type InstallerError, RegistryError } from "../errors/installer-error.ts";
import type { ImageSource } from "../oci/content.ts";

/** The error of content that is not what its digest says, by where it came from. */
export function contentError(
  source: Pick<ImageSource, "kind" | "name">,
  what: string,
): (problem: string) => InstallerError {
  return (problem) =>
    source.kind === "registry"
      ? new RegistryError(`${what} from ${source.name} ${problem}`, {
          hint: "the registry hands out other content than it names, or something on the way changes it; run the same command again, or take the image from elsewhere with --from",
        })
      : new BundleError(`${what} from ${source.name} ${problem}`, {
          hint: "the source is damaged: get it again, or name another with --from",
        });
}
