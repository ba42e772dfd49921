import { dirname, join } from "node:path";
import { RenderError, UsageError } from "../../errors/installer-error.ts";
import type { FileSystem } from "../../platform/ports.ts";
import { renderedFileToString } from "../../render/rendered-file.ts";
import { openRenderer } from "../../targets/renderers.ts";
import type { FilePorts, InstallTarget, ResultHead, ValuesSelection } from "../context.ts";
import { loadPlan } from "../desired/load-plan.ts";

export interface RenderRequest extends InstallTarget {
  readonly values: ValuesSelection;
  /** Name of a target. */
  readonly mode: string;
  /** Absolute directory; nothing is written without it. */
  readonly out?: string;
}

export interface RenderResult extends ResultHead<"RenderResult"> {
  readonly name: string;
  readonly mode: string;
  readonly out?: string;
  readonly files: readonly { readonly path: string; readonly secret: boolean; readonly contents: string }[];
  /** How many were new or different. */
  readonly written: number;
  readonly removed: readonly string[];
  readonly notes: readonly string[];
}

/** Lists what a render wrote, so that the next one may replace it; also marks the directory as ours. */
const markerName = ".slipway-render.json";

interface Marker {
  readonly apiVersion: "slipway/v1";
  readonly kind: "Render";
  readonly mode: string;
  readonly files: readonly string[];
}

/**
 * Renders the plan for a target and, with `out`, writes the files.
 * @throws ValuesError, RenderError; UsageError when the directory holds anything that no render wrote
 */
export async function render(request: RenderRequest, ports: FilePorts): Promise<RenderResult> {
  const { plan } = await loadPlan(request, ports);
  const rendered = await (await openRenderer(request.mode)).render(plan);
  const files = rendered.files.map((file) => ({
    path: file.path,
    secret: file.secret,
    contents: renderedFileToString(file),
  }));
  const outcome =
    request.out === undefined
      ? { written: 0, removed: [] }
      : await writeRendered(request.out, request.mode, files, ports.fs);
  return {
    apiVersion: "slipway/v1",
    kind: "RenderResult",
    name: request.name,
    mode: request.mode,
    ...(request.out !== undefined && { out: request.out }),
    files,
    ...outcome,
    notes: files.some((file) => file.secret)
      ? ["secrets stand as ${secret:name}; install fills them in, a render never does"]
      : [],
  };
}

type Contents = { readonly path: string; readonly contents: string };

async function writeRendered(
  out: string,
  mode: string,
  files: readonly Contents[],
  fs: FileSystem,
): Promise<{ readonly written: number; readonly removed: readonly string[] }> {
  const earlier = await readMarker(out, fs);
  const paths = files.map((file) => file.path);
  await fs.makeDirectory(out, 0o755);
  // Before the first file: what an interrupted render leaves is known as ours, and the next one replaces it.
  await writeMarker(out, { mode, files: [...new Set([...earlier, ...paths])] }, fs);
  for (const folder of new Set(paths.map((path) => dirname(join(out, path))))) await fs.makeDirectory(folder, 0o755);
  const ours = new Set(earlier);
  const writes = await Promise.all(
    files.map(async (file) => {
      const path = join(out, file.path);
      if (ours.has(file.path) && (await fs.readTextIfPresent(path)) === file.contents) return 0;
      await fs.writeAtomic(path, file.contents, { mode: 0o644, flush: false });
      return 1;
    }),
  );
  const written = writes.reduce<number>((sum, one) => sum + one, 0);
  const removed = earlier.filter((path) => !paths.includes(path));
  for (const path of removed) await fs.remove(join(out, path));
  if (removed.length > 0) await writeMarker(out, { mode, files: paths }, fs);
  return { written, removed };
}

async function writeMarker(
  out: string,
  { mode, files }: Pick<Marker, "mode" | "files">,
  fs: FileSystem,
): Promise<void> {
  const marker: Marker = { apiVersion: "slipway/v1", kind: "Render", mode, files };
  const text = `${JSON.stringify(marker, undefined, 2)}\n`;
  await fs.writeAtomic(join(out, markerName), text, { mode: 0o644, flush: false });
}

/**
 * Names of the files an earlier render wrote; none for a new or empty directory.
 * @throws UsageError when the directory is somebody else's
 */
async function readMarker(out: string, fs: FileSystem): Promise<readonly string[]> {
  const stat = await fs.stat(out);
  if (stat === undefined) return [];
  if (!stat.directory) throw new UsageError(`${out} is not a directory`, { hint: "give --out another name" });
  const text = await fs.readTextIfPresent(join(out, markerName));
  if (text === undefined) {
    if ((await fs.list(out)).length === 0) return [];
    throw new UsageError(`${out} holds files that slipway did not write`, {
      hint: "give --out an empty or new directory",
    });
  }
  return parseMarker(text, out);
}

function parseMarker(text: string, out: string): readonly string[] {
  let marker: Partial<Marker>;
  try {
    marker = JSON.parse(text) as Partial<Marker>;
  } catch (cause) {
    throw new RenderError(`${join(out, markerName)} cannot be read`, { cause, hint: "give --out a new directory" });
  }
  const files: readonly unknown[] = Array.isArray(marker.files) ? marker.files : [];
  // A marker somebody edited must not make us remove files elsewhere.
  return files.filter(
    (path): path is string => typeof path === "string" && !path.startsWith("/") && !path.split("/").includes(".."),
  );
}
