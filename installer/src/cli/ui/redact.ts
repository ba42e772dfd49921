import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { createRedactor } from "../../execute/secrets/redactor.ts";
import type { Redactor } from "../../execute/secrets/redactor.ts";

/** Takes the secrets of an install out of text; those made meanwhile count too. */
export function createFolderRedactor(secretsDir: string): Redactor {
  let redact: Redactor = (text) => text;
  let readAt = -1;
  return (text) => {
    const changed = modificationTime(secretsDir);
    if (changed !== readAt) {
      redact = createRedactor(readSecrets(secretsDir));
      readAt = changed;
    }
    return redact(text);
  };
}

function modificationTime(folder: string): number {
  try {
    return statSync(folder).mtimeMs;
  } catch {
    return 0;
  }
}

/** Every file of the folder by its name; certificates and public keys are no secrets. */
function readSecrets(folder: string): ReadonlyMap<string, string> {
  const secrets = new Map<string, string>();
  for (const path of listFiles(folder)) {
    const name = path.slice(folder.length + 1);
    if (/certificate|public/i.test(name)) continue;
    const value = readQuietly(path).trim();
    if (value !== "") secrets.set(name, value);
  }
  return secrets;
}

function listFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
