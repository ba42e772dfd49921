import { ensureStandInImage, shebang } from "../image/stand-in-image.ts";

/**
 * The image of the hub's stand-in, `slipway-test/hub:<hash of what goes into it>`, which takes the place of all images of CSGHub; built if it is
 * not there.
 * @throws {Error} when the base image has not been built (`slipway images build base`) or the build fails.
 */
export async function ensureHubStandIn(): Promise<string> {
  return ensureStandInImage({
    folder: "hub",
    programs: {
      starhub: { entry: "hub/main.ts", banner: shebang },
      "csghub-portal": { entry: "hub/portal-main.ts", banner: shebang },
      uvicorn: { entry: "data-tools/uvicorn-main.ts", banner: shebang },
      "label-studio": { entry: "data-tools/label-studio-main.ts", banner: shebang },
      curl: { entry: "image/curl.ts", banner: shebang },
    },
  });
}
