import { RegistryError } from "../../errors/installer-error.ts";
import { fieldsOf } from "../../language/fields.ts";
import { Refusal } from "../refusal.ts";
import { explainFailure } from "../registry-errors.ts";
import type { HarborApi } from "./harbor-api.ts";
import { type HarborSystemInfo, parseSystemInfo } from "./harbor-documents.ts";

/**
 * Whether a registry is Harbor: by what its API says, whatever it is called. Undefined when it is not.
 * @param api without credentials: a password is for Harbor only once it is known to be one
 * @throws RegistryError when nothing answers
 */
export async function detectHarbor(api: HarborApi, signal: AbortSignal): Promise<HarborSystemInfo | undefined> {
  try {
    const fields = fieldsOf(await api.send({ method: "GET", path: "/systeminfo", signal }));
    // Both are told to everybody since 2.0, and no other registry is known to have them.
    if (typeof fields["auth_mode"] !== "string" || !("self_registration" in fields)) return undefined;
    return parseSystemInfo(fields);
  } catch (error) {
    // Other registries answer this path with 404, with a page, or ask for a token.
    if (error instanceof Refusal || error instanceof RegistryError || error instanceof RangeError) return undefined;
    const { host } = api;
    throw explainFailure(error, { host, object: "the kind", repository: host, action: "read", signedIn: false });
  }
}
