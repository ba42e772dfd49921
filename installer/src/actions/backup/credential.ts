import { UsageError } from "../../errors/installer-error.ts";
import type { FileSystem } from "../../platform/ports.ts";
import { isSourcedMap, toPlainValue } from "../../values/sourced-value.ts";
import { parseValues } from "../../values/parse-values.ts";

/** What a file with a credential may say, as `backup.repository` of the values has it. */
const keys = ["url", "user", "password", "accessKey", "secretKey", "privateKey"] as const;

/**
 * Reads a credential that is used once and kept nowhere, as JSON for the job that it is handed to.
 * @throws UsageError when there is no such file or something else is in it; ValuesError when it is no YAML
 */
export async function readCredential(path: string, fs: Pick<FileSystem, "readTextIfPresent">): Promise<string> {
  const text = await fs.readTextIfPresent(path);
  const hint = `a line for each of ${keys.join(", ")} that the repository needs, such as: password: …`;
  if (text === undefined) throw new UsageError(`there is no file ${path}`, { hint: `it holds ${hint}` });
  const found = parseValues({ name: path, text }, "file");
  const plain = toPlainValue(found) as Readonly<Record<string, unknown>>;
  const names = isSourcedMap(found.content) ? [...found.content.keys()] : [];
  const unknown = names.find((name) => !(keys as readonly string[]).includes(name));
  if (unknown !== undefined) throw new UsageError(`${path} has an unknown key ${JSON.stringify(unknown)}`, { hint });
  if (names.length === 0) throw new UsageError(`there is no credential in ${path}`, { hint });
  const wrong = names.find((name) => typeof plain[name] !== "string" || plain[name] === "");
  if (wrong !== undefined) throw new UsageError(`${wrong} in ${path} is no text`, { hint: "put it into quotes" });
  return JSON.stringify(plain);
}
