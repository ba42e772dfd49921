/** Labels by which what Slipway made on an engine is known again. */
export const specLabel = "dev.slipway.spec";
export const roleLabel = "dev.slipway.role";
export const nameLabel = "dev.slipway.name";
export const componentLabel = "dev.slipway.component";
export const installLabel = "dev.slipway.install";
/** On a job's container that was given other arguments than the job's own. */
export const probeLabel = "dev.slipway.probe";
/** Role of a container that a person works in: it is in use while it runs. */
export const consoleRole = "console";
/** On one-shot containers: the run they belong to. */
export const runLabel = "dev.slipway.run";
/** On a volume that is a directory of a person's own: it stays when everything else is removed. */
export const keptLabel = "dev.slipway.kept";
/** On a copy of a volume: the install that it was kept for. It bears no other name, so that nothing takes it for the volume. */
export const copyLabel = "dev.slipway.copy-of";
