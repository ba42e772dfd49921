/** Labels and annotations of a platform's objects, as the chart `charts/platform` writes them. */

/** Component or job of an object. */
export const idLabel = "app.kubernetes.io/name";
/** Name of the install. */
export const nameLabel = "app.kubernetes.io/instance";
/** Stands on everything that Slipway has made. */
export const partLabel = "app.kubernetes.io/part-of";
export const partValue = "slipway";
/** On what one run made for itself, with the run's id: a job that a person started, a look into a store. */
export const runLabel = "slipway.dev/run";

/** On workloads: hash of the definition they were made from. */
export const specAnnotation = "slipway.dev/spec-hash";
/** On workloads: keyed digest of the secrets that they read. */
export const secretAnnotation = "slipway.dev/secret-digest";
/** On workloads that were stopped: how many pods they had. */
export const stoppedAnnotation = "slipway.dev/stopped-replicas";
/** On claims: the install that made them. */
export const installAnnotation = "slipway.dev/install";

/** Labels of what Slipway makes for an install besides the release; with the component or job that it is for, where there is one. */
export function ownLabels(install: string, id?: string): Readonly<Record<string, string>> {
  return { [nameLabel]: install, [partLabel]: partValue, ...(id === undefined ? {} : { [idLabel]: id }) };
}

/** Selects everything of an install. */
export function ofInstall(name: string): string {
  return `${nameLabel}=${name},${partLabel}=${partValue}`;
}

/** Selects everything that bears an install's name, whoever made it. */
export function named(name: string): string {
  return `${nameLabel}=${name}`;
}
