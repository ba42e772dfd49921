import type { Check } from "../check.ts";

/** Every check that an install begins with. */
export const preflightChecks: readonly Check[] = [];
