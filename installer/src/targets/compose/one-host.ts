import { UsageError } from "../../errors/installer-error.ts";
import type { Plan } from "../../plan/model.ts";

/**
 * Refuses a plan that has to outlast the loss of a machine, or whose data is to lie in a claim of a cluster.
 * @throws UsageError
 */
export function acceptOneHost(plan: Plan): void {
  const { install, settings } = plan;
  refuseClaims(plan);
  if (settings.severalMachines !== true) return;
  throw new UsageError(`availability is high (profile ${install.profile}), and Compose runs everything on one host`, {
    hint: "add --mode helm to install on a cluster, or start from a profile for one host, such as --profile standard",
  });
}

function refuseClaims({ components }: Plan): void {
  const [found] = components.flatMap(({ id, volumes }) =>
    volumes.flatMap(({ claim }) => (claim === undefined ? [] : [{ id, claim }])),
  );
  if (found === undefined) return;
  const { id, claim } = found;
  throw new UsageError(`${id}.claim is ${claim}, and Compose runs on one host, which knows no claims`, {
    hint: `name a directory in its place: --set ${id}.claim= --set ${id}.directory=/mnt/backup; or add --mode helm to install on a cluster`,
  });
}
