import type { ImageBuild } from "../build-plan.ts";

/** A build of an image of this name that typically takes this long. */
export function imageBuild(name: string, seconds: number, needs: readonly string[] = []): ImageBuild {
  const image = {
    name,
    kind: "built",
    title: name,
    version: "1",
    licenses: "MIT",
    from: {},
    pins: {},
    contexts: [],
    seconds,
  } as const;
  return { name, reference: `slipway/${name}:1`, image, needs };
}
