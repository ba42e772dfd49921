import type { Check } from "../check.ts";
import { engineChecks } from "./engine.ts";
import { fileChecks } from "./files.ts";
import { imagesAvailable } from "./images.ts";
import { kernelChecks } from "./kernel.ts";
import { networkChecks } from "./network.ts";
import { placeChecks } from "./places.ts";
import { resourceChecks } from "./resources.ts";

/** Every check that an install begins with. */
export const preflightChecks: readonly Check[] = [
  ...engineChecks,
  ...resourceChecks,
  ...networkChecks,
  ...placeChecks,
  ...fileChecks,
  imagesAvailable,
  ...kernelChecks,
];
