import type { UnitFile } from "../../actions/timers/unit-files.ts";

/** Which units there are now or no longer, or what would be in them. */
export function formatSchedule(
  { dryRun, files }: { readonly dryRun: boolean; readonly files: readonly UnitFile[] },
  removed: boolean,
): string {
  if (dryRun)
    return files
      .map(({ path, contents = "" }) => `# ${path}\n${contents}`)
      .join("\n")
      .trimEnd();
  if (files.length === 0) return "there were no timers";
  return files.map(({ path }) => `${removed ? "removed" : "written"}: ${path}`).join("\n");
}
