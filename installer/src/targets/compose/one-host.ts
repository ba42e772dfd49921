import { UsageError } from "../../errors/installer-error.ts";
import type { Plan } from "../../plan/model.ts";

/**
 * Refuses a plan that has to outlast the loss of a machine.
 * @throws UsageError
 */
export function acceptOneHost({ install, settings }: Plan): void {
  if (settings.severalMachines !== true) return;
  throw new UsageError(`availability is high (profile ${install.profile}), and Compose runs everything on one host`, {
    hint: "add --mode helm to install on a cluster, or start from a profile for one host, such as --profile standard",
  });
}
