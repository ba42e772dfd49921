import type { CheckContext, CheckFinding } from "../../../targets/check.ts";

/** A file that the values name: its text, or why it cannot be read. */
export type Given = { readonly text: string } | { readonly finding: CheckFinding };

/** @param key what named the file: `tls.certFile` */
export async function readGiven({ fs }: Pick<CheckContext, "fs">, path: string, key: string): Promise<Given> {
  try {
    return { text: await fs.readText(path) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      finding: { message: `${key}: ${path} cannot be read: ${reason}`, remedy: `correct the path, or its permissions` },
    };
  }
}
