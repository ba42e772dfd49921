import type { Check } from "../check.ts";

/** Checks of a platform that is installed; each is silent when none is. */
export const liveChecks: readonly Check[] = [];
