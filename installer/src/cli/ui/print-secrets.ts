import type { SecretsRotateResult } from "../../actions/secrets/rotate.ts";
import type { SecretsListResult } from "../../actions/secrets/secrets.ts";
import { formatMilliseconds } from "./format.ts";
import { formatVerify } from "./print-verify.ts";
import type { Style } from "./style.ts";
import { formatTable } from "./table.ts";

/** Names, kinds and readers; never a value. */
export function formatSecrets(result: SecretsListResult, style: Style): string {
  if (result.secrets.length === 0) return "no secrets yet: nothing is installed";
  return formatTable(
    ["SECRET", "MADE BY", "MADE ON", "PARTS", "VALID UNTIL", "ROTATES", "READ BY"],
    result.secrets.map((secret) => [
      secret.name,
      secret.generator,
      secret.madeAt?.slice(0, 10) ?? "-",
      secret.parts.join(" ") || "-",
      secret.expires?.slice(0, 10) ?? "-",
      secret.kept === undefined ? "yes" : "no",
      secret.usedBy.join(" ") || "-",
    ]),
    style,
  );
}

interface RotationSurroundings {
  readonly style: Style;
  readonly columns: number | undefined;
}

/** What was replaced and who took it, then what stays and why. */
export function formatRotation(result: SecretsRotateResult, { style, columns }: RotationSurroundings): string {
  const lines: string[] = [];
  if (result.verify !== undefined) lines.push(formatVerify(result.verify, style, columns), "");
  lines.push(
    formatTable(
      [result.dryRun ? "WOULD BE REPLACED" : "REPLACED", "TAKEN BY"],
      result.rotated.map(({ name, usedBy }) => [name, usedBy.join(" ") || "-"]),
      style,
    ),
  );
  if (result.kept.length > 0) {
    lines.push("", "not replaced:");
    for (const { name, reason, instead } of result.kept) lines.push(`  ${name}: ${reason}; ${style.dim(instead)}`);
  }
  const count = `${result.rotated.length} ${result.rotated.length === 1 ? "secret" : "secrets"}`;
  lines.push(
    "",
    result.dryRun
      ? `${count} would be replaced; nothing was done (--dry-run)`
      : style.good(`${count} replaced in ${formatMilliseconds(result.ms)}`),
  );
  return lines.join("\n");
}
