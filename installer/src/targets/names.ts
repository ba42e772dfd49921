/** Targets that an install can be on; the first is the usual one. */
export const targetNames: readonly string[] = ["compose", "helm"];

/** Targets that files can be rendered for. */
export const rendererNames: readonly string[] = ["compose", "helm"];
