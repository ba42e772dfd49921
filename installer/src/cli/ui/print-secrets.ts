import type { SecretsListResult } from "../../actions/secrets/secrets.ts";
import type { Style } from "./style.ts";
import { formatTable } from "./table.ts";

/** Names, kinds and readers; never a value. */
export function formatSecrets(result: SecretsListResult, style: Style): string {
  if (result.secrets.length === 0) return "no secrets yet: nothing is installed";
  return formatTable(
    ["SECRET", "MADE BY", "PARTS", "VALID UNTIL", "READ BY"],
    result.secrets.map((secret) => [
      secret.name,
      secret.generator,
      secret.parts.join(" ") || "-",
      secret.expires?.slice(0, 10) ?? "-",
      secret.usedBy.join(" ") || "-",
    ]),
    style,
  );
}
