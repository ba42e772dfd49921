import type { Check } from "../../../targets/check.ts";
import { domainUsable } from "./domain.ts";
import { fileChecks } from "./files.ts";
import { networkChecks } from "./network.ts";
import { stateDir, stateDirLocal } from "./state-dir.ts";

/** What an install needs wherever the platform runs; the target adds its own. */
export const hostChecks: readonly Check[] = [...networkChecks, domainUsable, stateDir, stateDirLocal, ...fileChecks];
