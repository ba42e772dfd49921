import type { FilePorts, InstallTarget, ResultHead, ValuesSelection } from "../context.ts";
import { loadPlan } from "../desired/load-plan.ts";

export interface ValidateRequest extends InstallTarget {
  readonly values: ValuesSelection;
}

export interface ValidateResult extends ResultHead<"ValidateResult"> {
  readonly name: string;
  readonly valid: true;
  readonly profile: string;
  /** What the values were laid from, in order. */
  readonly sources: readonly string[];
  readonly components: readonly { readonly id: string; readonly presence: "embedded" | "external" | "off" }[];
  /** One line for people. */
  readonly summary: string;
}

/**
 * Checks the values of an install and that a plan can be made of them.
 * @throws ValuesError with every problem; UsageError; RenderError
 */
export async function validate(request: ValidateRequest, ports: FilePorts): Promise<ValidateResult> {
  const { plan, values } = await loadPlan(request, ports);
  const components = plan.components.map(({ id, presence }) => ({ id, presence }));
  const count = (presence: string): number => components.filter((component) => component.presence === presence).length;
  return {
    apiVersion: "slipway/v1",
    kind: "ValidateResult",
    name: request.name,
    valid: true,
    profile: values.profile,
    sources: values.sources,
    components,
    summary: `${count("embedded")} components here, ${count("external")} elsewhere, ${count("off")} off, at ${plan.settings.mainUrl}`,
  };
}
