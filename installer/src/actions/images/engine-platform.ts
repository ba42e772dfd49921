import type { Platform } from "../../oci/descriptor.ts";
import type { EngineInfo } from "../../platform/ports.ts";

/** The kernel's names of machines, where they are not those of images. */
const architectures: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  aarch64: "arm64",
  armv7l: "arm",
  i686: "386",
};

/** What images must be for to run in this engine. */
export function enginePlatform(info: Pick<EngineInfo, "architecture">): Platform {
  return { os: "linux", architecture: architectures[info.architecture] ?? info.architecture };
}
