import { join } from "node:path";
import type { InstallerEvent } from "../../events/event.ts";
import { steps } from "../../events/steps.ts";
import { PreflightError } from "../../errors/installer-error.ts";
import { withStep } from "../../execute/with-step.ts";
import type { ImageBuildResult } from "../../images/build-images.ts";
import type { ImageBuildEvent } from "../../images/build-progress.ts";
import type { Wish } from "../../images/build-schedule.ts";
import { parseCatalogue } from "../../images/catalogue.ts";
import type { ActionPorts, InstallTarget, ResultHead, ValuesSelection } from "../context.ts";
import { loadPlanOfImages, readImageTable } from "../desired/load-plan.ts";

export interface ImagesListRequest extends InstallTarget {
  readonly values: ValuesSelection;
}

export interface ImageRow {
  readonly name: string;
  readonly kind: "built" | "third-party" | "values";
  readonly reference: string;
  readonly present: boolean;
  readonly imageId?: string;
  readonly digests: readonly string[];
  /** Components and jobs of the plan that run it. */
  readonly usedBy: readonly string[];
}

export interface ImagesListResult extends ResultHead<"ImagesListResult"> {
  readonly images: readonly ImageRow[];
}

export interface ImagesBuildRequest {
  /** All that ship when empty. */
  readonly names: readonly string[];
  readonly cacheDir: string;
  readonly jobs?: number;
  readonly wish?: Wish;
  /** Called for each image as soon as the engine has it. */
  readonly onReady?: (image: ImageBuildResult) => void;
}

export interface ImagesBuildResult extends ResultHead<"ImagesBuildResult"> {
  readonly images: readonly ImageBuildResult[];
  readonly ms: number;
}

/** Every image of the catalogue and of the plan, and whether the engine has it. */
export async function listImages(request: ImagesListRequest, ports: ActionPorts): Promise<ImagesListResult> {
  const { plan } = await loadPlanOfImages(request, ports);
  const rows = new Map<string, Pick<ImageRow, "name" | "kind" | "reference"> & { readonly usedBy: string[] }>();
  const users = [
    ...plan.components.flatMap(({ id, workload }) =>
      workload === undefined ? [] : [{ id, image: workload.container.image }],
    ),
    ...plan.jobs.map(({ id, container }) => ({ id, image: container.image })),
  ];
  // The plan may ask for the same image at a registry of one's own, or by its digest.
  const planned = new Map(users.map(({ image }) => [`${image.source} ${image.name}`, image.reference]));
  for (const [name, row] of Object.entries(readImageTable(ports.assets))) {
    const reference = planned.get(`${row.source} ${name}`) ?? row.reference;
    rows.set(reference, { name, kind: row.source, reference, usedBy: [] });
  }
  for (const { id, image } of users) {
    const row = rows.get(image.reference) ?? {
      name: image.name,
      kind: image.source,
      reference: image.reference,
      usedBy: [],
    };
    row.usedBy.push(id);
    rows.set(image.reference, row);
  }
  const found = await ports.images.findImages([...rows.keys()]);
  const images = [...rows.values()].map((row) => {
    const imageId = found.ids.get(row.reference);
    if (imageId === undefined) return { ...row, present: false, digests: [] };
    return { ...row, present: true, imageId, digests: found.digests.get(imageId) ?? [] };
  });
  return { apiVersion: "slipway/v1", kind: "ImagesListResult", images };
}

/**
 * Builds what is missing of our own images.
 * @throws PreflightError when the program does not run from a checkout; see `buildImages` of the images layer for the rest
 */
export async function buildImages(request: ImagesBuildRequest, ports: ActionPorts): Promise<ImagesBuildResult> {
  const repoRoot = ports.assets.checkout;
  if (repoRoot === undefined) {
    throw new PreflightError("images are built from a checkout, and this program does not run from one", {
      hint: "run ./slipway images build in a checkout, or take the images from a registry or a bundle",
    });
  }
  const begin = ports.clock.monotonicMs();
  const { buildImages: build } = await import("../../images/build-images.ts");
  const { computeImageTags } = await import("../../images/image-tags.ts");
  const catalogue = parseCatalogue(ports.assets.readText("images/catalogue.yaml"));
  const images = await withStep(ports, steps.build, async () =>
    build(
      {
        repoRoot,
        catalogue,
        tags: await computeImageTags(repoRoot),
        names: request.names,
        ...(request.wish !== undefined && { wish: request.wish }),
        ...(request.onReady !== undefined && { onReady: request.onReady }),
        jobs: request.jobs ?? Math.max(1, Math.min(4, ports.host.cpuCount())),
        workFolder: join(request.cacheDir, `build-${ports.process.pid}`),
        logFolder: join(request.cacheDir, "failed-builds"),
        signal: ports.signal,
      },
      {
        docker: ports.images,
        exec: ports.exec,
        files: ports.fs,
        clock: ports.clock,
        environment: ports.environment,
        report: (event) => ports.report(toEvent(steps.build.id, event)),
      },
    ),
  );
  return { apiVersion: "slipway/v1", kind: "ImagesBuildResult", images, ms: ports.clock.monotonicMs() - begin };
}

/** A report about one image as an event of the step that builds them. */
export function toEvent(step: string, event: ImageBuildEvent): InstallerEvent {
  const { detail, percent, elapsedSeconds, remainingSeconds, late } = event;
  const shared = { step, id: event.image, ...(detail !== undefined && { detail }) };
  switch (event.state) {
    case "queued":
      return { type: "item", state: "waiting", ...shared };
    case "building":
      return {
        type: "progress",
        ...shared,
        ...(percent !== undefined && { percent }),
        ...(elapsedSeconds !== undefined && { elapsedSeconds }),
        ...(remainingSeconds !== undefined && { remainingSeconds }),
        ...(late !== undefined && { late }),
      };
    case "built":
      return { type: "item", state: "done", ...shared };
    case "present":
      return { type: "item", state: "unchanged", ...shared };
    case "failed":
      return { type: "item", state: "failed", ...shared };
  }
}
