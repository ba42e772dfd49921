import { PreflightError } from "../../errors/installer-error.ts";
import type { SecretSpec } from "../../plan/model.ts";
import type { FileSystem } from "../../platform/ports.ts";

/**
 * The value of a secret that is given, from the values or from the file that they name.
 * @throws PreflightError when it is not there
 */
export async function givenValue(
  fs: Pick<FileSystem, "readText">,
  request: { readonly given: (valuesPath: string) => string | undefined },
  spec: SecretSpec,
): Promise<string> {
  const { generator } = spec;
  if (generator.kind === "given") {
    const value = request.given(generator.valuesPath);
    if (value !== undefined && value !== "") return value;
    throw new PreflightError(`${generator.valuesPath} (${spec.description}) is not set`, {
      hint: `set ${generator.valuesPath} in the values`,
    });
  }
  if (generator.kind !== "given-file") return "";
  const value = (await readGivenFile(fs, generator.path, spec)).replace(/\r?\n$/, "");
  if (value !== "") return value;
  throw new PreflightError(`the file ${generator.path} (${spec.description}) is empty`, {
    hint: "put the secret into it",
  });
}

async function readGivenFile(fs: Pick<FileSystem, "readText">, path: string, spec: SecretSpec): Promise<string> {
  try {
    return await fs.readText(path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new PreflightError(
      `the file ${path} (${spec.description}) ${missing ? "does not exist" : "cannot be read"}`,
      { hint: missing ? "correct the path in the values" : "let the user that runs slipway read it", cause: error },
    );
  }
}
