import type { TestAuth } from "./token-issuer.ts";

export interface TestRegistryOptions {
  /** Of this machine, where it listens; loopback unless told. */
  readonly address?: string;
  /** PEM; `clientCa` makes it ask for a client certificate that this authority signed. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly clientCa?: string };
  readonly auth?: TestAuth;
  /** Repositories whose first part is none of these answer 401, as Harbor does; all exist unless told. */
  readonly projects?: readonly string[];
  /** Tags that stand may not be set to something else. */
  readonly immutableTags?: boolean;
  /** Most bytes by project. */
  readonly quotas?: Readonly<Record<string, number>>;
  /** Mounts work; `forbidden` answers 403, `ignored` begins an upload, `unknown` answers 404 as CUE's registry does. */
  readonly mounts?: "work" | "ignored" | "forbidden" | "unknown";
  readonly referrersApi?: boolean;
  /** Referrers in one page; all of them unless told. */
  readonly referrersPage?: number;
  /** What asking for a torn upload does: go on as distribution 3, or cancel it as 2.8; `cancel` unless told. */
  readonly tornUploads?: "resume" | "cancel";
  /** Answers 200 and everything where a range is asked for, as the specification allows. */
  readonly ignoreRanges?: boolean;
  /** Blobs that are sent are hashed and counted but not kept. */
  readonly forgetBytes?: boolean;
  /** Before every answer. */
  readonly latencyMs?: number;
}
