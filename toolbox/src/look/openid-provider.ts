import type { OutsideProvider } from "../contract.generated.ts";
import { errorText } from "../errors.ts";
import { likelyCause } from "../likely-cause.ts";
import { openidProviderCheck } from "../wires/openid-provider.ts";
import type { LookContext } from "./look-context.ts";
import { proveWire } from "./prove-wire.ts";

/** Does what `verify` does. Accounts of the platform's own work without it, so that nothing of it stops an install. */
export async function lookAtProvider(asked: OutsideProvider, context: LookContext): Promise<void> {
  const { kind, service, issuer, discoveryUrl, clientId, clientSecret, scopes, callbackUrl } = asked;
  const trust = context.caFile === undefined ? {} : { caFile: context.caFile };
  const client = { clientId, clientSecret, scopes, callbackUrl, ...trust };
  const wire = { kind, name: service, from: "look", to: service, issuer, discoveryUrl, ...client };
  try {
    await proveWire(openidProviderCheck, wire, context);
  } catch (error) {
    context.found("warning", errorText(error), likelyCause(error));
  }
}
