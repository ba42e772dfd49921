import type { OutsideRegistry } from "../contract.generated.ts";
import { registryCheck } from "../wires/registry.ts";
import type { LookContext } from "./look-context.ts";
import { proveWire } from "./prove-wire.ts";

/** Signs in, pushes a small image, pulls and removes it. */
export async function lookAtRegistry({ url, user, password }: OutsideRegistry, context: LookContext): Promise<void> {
  const wire = { kind: "registry" as const, name: "registry", from: "look", to: "registry", url, user, password };
  await proveWire(
    registryCheck,
    { ...wire, ...(context.caFile === undefined ? {} : { caFile: context.caFile }) },
    context,
  );
}
