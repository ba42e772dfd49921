import { InstallerError } from "../../errors/installer-error.ts";
import type { LivePlatform } from "../../targets/live-platform.ts";
import type { ActionPorts } from "../context.ts";
import type { Desire, Desired } from "../desired/desired.ts";
import type { PlanChange } from "../desired/load-plan.ts";
import { learnDigests } from "./learn-digests.ts";
import { type ProvidedImages, requireImages, type UnavailableImage } from "./provide-images.ts";

interface Known {
  readonly desired: Desired;
  readonly live: LivePlatform;
  /** Whether what cannot be had is left out. */
  readonly mayLack: boolean;
  readonly desire: Desire;
}

/** What is desired once it is known which images can be had, and by which digests. */
export async function desireWith(
  { unavailable }: ProvidedImages,
  { desired, live, mayLack, desire }: Known,
  ports: ActionPorts,
): Promise<Desired> {
  if (!mayLack) requireImages(unavailable, desired.values);
  const change = { without: [...new Set(unavailable.flatMap((image) => image.components))] };
  const smaller = unavailable.length === 0 ? desired : await leaveOut(unavailable, change, desire, ports);
  const pulled = await learnDigests(smaller, live, ports);
  return pulled.size === 0 ? smaller : desire({ ...change, pulled });
}

/** What cannot be had and can be left out becomes `mode: off`. */
async function leaveOut(
  unavailable: readonly UnavailableImage[],
  change: PlanChange,
  desire: Desire,
  ports: ActionPorts,
): Promise<Desired> {
  const smaller = await desire(change).catch((error: unknown) => {
    if (error instanceof InstallerError) requireImages(unavailable);
    throw error;
  });
  for (const image of unavailable) {
    ports.report({
      type: "warning",
      message: `${image.components.join(", ")} is left out: ${image.reference} cannot be had (${image.reason})`,
      hint: "install again once the image can be reached, with --set <component>.mode=embedded",
    });
  }
  return smaller;
}
