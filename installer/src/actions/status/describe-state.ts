import { describeBytes } from "../../values/quantity.ts";

/** The engine's word for a container that does not serve, as a sentence of ours. */
export function describeState(component: {
  readonly state: string;
  readonly health?: string;
  readonly exitCode?: number;
}): string {
  const { state, health, exitCode } = component;
  switch (state) {
    case "exited":
      // Ended by SIGTERM or SIGKILL is how a stop ends a program that does not mind.
      return [undefined, 0, 137, 143].includes(exitCode) ? "it is stopped" : `it ended with exit status ${exitCode}`;
    case "created":
      return "it was never started";
    case "missing":
      return "its container is gone";
    default:
      return health === undefined || health === "none" || health === "unknown"
        ? `it is ${state}`
        : `it is ${state}, ${health}`;
  }
}

/** Of a platform of which nothing is there. */
export const describeAbsent = "no component and no data of the platform is here, though it was installed";

/** What to look at then, before an install begins anew beside the old one. */
export const adviceOnAbsent =
  "another engine or cluster may answer than the one it was installed on: run slipway doctor, and look at what chooses it";

/** Of a store that cannot take more data. */
export function describeFull({
  store,
  place,
  freeBytes,
}: {
  readonly store: string;
  readonly place: string;
  readonly freeBytes: number;
}): string {
  return `the disk of ${store} is full: ${describeBytes(freeBytes)} free for ${place}; make room there before anything is restarted`;
}
