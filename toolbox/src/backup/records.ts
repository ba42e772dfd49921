import { ToolboxError } from "../errors.ts";

/** What the platform is made from, as the installer keeps it: without it data alone brings nothing up. */
export interface PlatformRecords {
  readonly apiVersion: "slipway/v1";
  readonly kind: "PlatformRecords";
  readonly name: string;
  readonly profile: string;
  /** Version of Slipway that wrote them. */
  readonly version: string;
  /** What the person said, as YAML. */
  readonly values: string;
  /** The images that run, as YAML. */
  readonly lock: string;
  /** Contents of each secret's file, by its name. */
  readonly secrets: Readonly<Record<string, string>>;
}

/**
 * Reads records that came from outside.
 * @throws ToolboxError when they are of a newer format or no records
 */
export function parseRecords(text: string): PlatformRecords {
  let found: Partial<PlatformRecords> | null;
  try {
    found = JSON.parse(text) as Partial<PlatformRecords> | null;
  } catch {
    throw new ToolboxError("the records of the platform are not JSON");
  }
  const texts = [found?.name, found?.profile, found?.version, found?.values, found?.lock];
  if (found?.apiVersion !== "slipway/v1" || found.kind !== "PlatformRecords") {
    throw new ToolboxError("the records of the platform are of a format that this version does not know", {
      advice: "use the version of Slipway that made the backup, or a newer one",
    });
  }
  const isWhole = texts.every((value) => typeof value === "string") && typeof found.secrets === "object";
  if (!isWhole) throw new ToolboxError("the records of the platform are incomplete");
  return found as PlatformRecords;
}
