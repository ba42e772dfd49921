import type { RenderResult } from "../../actions/render/render.ts";
import type { Style } from "./style.ts";

/** What was written where. */
export function formatRendered(result: RenderResult, style: Style): string {
  const where = result.out ?? "";
  const written = `${result.written} of ${result.files.length} files written to ${where}`;
  const removed = result.removed.length === 0 ? "" : `; removed ${result.removed.join(", ")}`;
  return [`${style.good("rendered")}: ${written}${removed}`, ...result.notes.map((note) => style.dim(note))].join("\n");
}

/** The files themselves, each under its name. */
export function formatRenderedFiles(result: RenderResult): string {
  return result.files.map((file) => `# ==> ${file.path} <==\n${file.contents.replace(/\n$/, "")}`).join("\n\n");
}
