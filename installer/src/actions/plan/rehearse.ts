import { PreflightError } from "../../errors/installer-error.ts";
import type { Install } from "../../execute/state/install.ts";
import type { ImpossibleChange } from "../../render/rendering.ts";
import type { ActionPorts } from "../context.ts";
import type { Desired } from "../desired/desired.ts";
import type { ObservedPlatform } from "./observe.ts";
import { impossibleIn } from "./impossible.ts";

type RehearsePorts = Pick<ActionPorts, "target" | "report">;

/** What the target says that it would refuse of a change; what it cannot tell is reported. */
export async function rehearse(
  { plan, rendering }: Desired,
  install: Install,
  { target, report }: RehearsePorts,
): Promise<readonly ImpossibleChange[]> {
  const found = await target.rehearse?.(install, { plan, rendering });
  if (found?.untried !== undefined) report({ type: "note", message: found.untried });
  return found?.refused ?? [];
}

/**
 * Stops before anything is written where the target cannot do some of it, or would refuse it.
 * @throws PreflightError with all of that
 */
export async function requireAccepted(
  desired: Desired,
  { install, live }: { readonly install: Install; readonly live: ObservedPlatform },
  ports: RehearsePorts,
): Promise<void> {
  const impossible = impossibleIn(desired, install, live, ports.target);
  const refused = [...impossible, ...(await rehearse(desired, install, ports))];
  if (refused.length === 0) return;
  throw new PreflightError(
    refused.length === 1
      ? "a part of the change would be refused"
      : `${refused.length} parts of the change would be refused`,
    { details: refused.flatMap(({ message, hint }) => [message, `    ${hint}`]), hint: "nothing was changed" },
  );
}
