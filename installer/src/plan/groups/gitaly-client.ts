import type { PlanContext } from "../define.ts";

/** The storage of Gitaly that the platform's repositories lie in, and the secret with the token of its clients. */
export function gitalyLogin({ values }: PlanContext): { readonly storage: string; readonly secret: string } {
  const { mode, external } = values.gitaly;
  return mode === "external"
    ? { storage: external.storage, secret: "gitaly-external" }
    : { storage: "default", secret: "gitaly-token" };
}
