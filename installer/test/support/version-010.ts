import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The last commit of 0.1.0, whose records are of state format 1. */
const commit = "4dcbb7bcaac8807e5b719ffbc99dcbeaacc5ef14";
const root = fileURLToPath(new URL("../../../", import.meta.url));
const images = "images/images.generated.json";

/** Why the sources of 0.1.0 are not at hand, if so: a shallow clone has no history. */
export function lackOf010(): string | undefined {
  try {
    execFileSync("git", ["-C", root, "cat-file", "-e", `${commit}^{commit}`], { stdio: "ignore" });
    return undefined;
  } catch {
    return "the commit of 0.1.0 is not in this clone";
  }
}

/**
 * The sources of 0.1.0, in a folder of their own that whoever asks removes.
 * @param ownImages with the images of 0.1.0, which have to be built; else with this version's
 */
export function checkOut010(ownImages: boolean): string {
  const folder = mkdtempSync(join(tmpdir(), "slipway-test-010-"));
  const archive = execFileSync("git", ["-C", root, "archive", commit], { maxBuffer: 64 * 1024 ** 2 });
  execFileSync("tar", ["-x", "-C", folder], { input: archive });
  if (!ownImages) copyFileSync(join(root, images), join(folder, images));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}
