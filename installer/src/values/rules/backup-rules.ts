import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import { type Rule, wrongValue } from "./rule.ts";

/** Backups go somewhere, and not where what they are of lies. */
export const backupRules: readonly Rule[] = [{ reads: ["backup", "dataDir"], check: checkDirectory }];

function checkDirectory({ backup: { mode, directory }, dataDir }: Values): readonly Finding[] {
  if (mode === "off") return [];
  const path = "backup.directory";
  if (directory === "") {
    return [wrongValue(path, directory, "is needed to keep backups in", "allowed is an absolute path")];
  }
  const isInside = dataDir !== "" && `${directory}/`.startsWith(`${dataDir.replace(/\/+$/, "")}/`);
  if (isInside || directory === "/") {
    const wrong = isInside ? "lies with the data that it keeps copies of" : "is the root of the host";
    return [wrongValue(path, directory, wrong, "allowed is a directory elsewhere, best on another machine's disk")];
  }
  return [];
}
