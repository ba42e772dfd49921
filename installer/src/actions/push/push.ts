import { formatTarget, parseTarget } from "../../oci/path-rules.ts";
import { PreflightError } from "../../errors/installer-error.ts";
import type { ActionPorts } from "../context.ts";
import { selectImages } from "./push-sources.ts";
import type { PushRequest, PushResult } from "./push-request.ts";
import { pushSelected } from "./push-run.ts";
import { openRegistries } from "./registry-options.ts";
import { steps } from "../../events/steps.ts";
import { withStep } from "../../execute/with-step.ts";

/**
 * Pushes images to a registry. One that fails does not hold up the others: what became of each is in the result.
 * @throws UsageError, BundleError, PreflightError, RegistryError when nothing could be pushed at all; InterruptedError after Ctrl-C
 */
export async function push(request: PushRequest, ports: ActionPorts): Promise<PushResult> {
  const begin = ports.clock.monotonicMs();
  const target = parseTarget(request.to);
  const title = `${request.dryRun ? "Look at" : "Push to"} ${formatTarget(target)}`;
  const registries = await openRegistries(request.registry, target.host, ports);
  const outcome = await withStep(
    ports,
    { ...steps.push, title },
    async () => {
      const selected = await selectImages(request, ports);
      try {
        if (selected.images.length === 0) throw new PreflightError("there is no image to push");
        return await pushSelected({ request, target, registries, selected }, ports);
      } finally {
        await selected.close();
      }
    },
    ({ ok }) => ok,
  );
  const ms = Math.round(ports.clock.monotonicMs() - begin);
  return { apiVersion: "slipway/v1", kind: "PushResult", to: formatTarget(target), ...outcome, ms };
}
