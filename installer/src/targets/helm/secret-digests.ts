import type { SecretSlot } from "../../plan/model.ts";
import type { HelmSecret } from "../../render/helm/helm-rendering.ts";
import { canonicalJson, keyedDigest } from "../../execute/digest.ts";
import { resolveText } from "../../execute/secrets/encode.ts";

/**
 * A keyed digest of all that each unit reads of its Secrets, for `withSecretDigests`. It tells nothing about the values without the key,
 * so it may stand in the release and on pods.
 */
export function secretDigests(
  secrets: readonly HelmSecret[],
  read: (slot: SecretSlot) => string,
  digestKey: string,
): Readonly<Record<string, string>> {
  const units = [...new Set(secrets.flatMap((secret) => secret.unit ?? []))];
  return Object.fromEntries(
    units.map((unit) => {
      const entries = secrets
        .filter((secret) => secret.unit === unit)
        .map(({ name, entries }) => [name, entries.map(({ key, contents }) => [key, resolveText(contents, read)])]);
      return [unit, keyedDigest(digestKey, canonicalJson(entries))];
    }),
  );
}
