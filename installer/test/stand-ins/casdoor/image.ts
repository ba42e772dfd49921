import { ensureStandInImage, shebang } from "../image/stand-in-image.ts";

/**
 * The image of the Casdoor stand-in, `slipway-test/casdoor:<hash of what goes into it>`; built if it is not there.
 * @throws {Error} when the base image has not been built (`slipway images build base`) or the build fails.
 */
export async function ensureCasdoorStandIn(): Promise<string> {
  return ensureStandInImage({
    folder: "casdoor",
    programs: {
      "casdoor-stand-in.cjs": { entry: "casdoor/main.ts", banner: "" },
      curl: { entry: "image/curl.ts", banner: shebang },
    },
  });
}
