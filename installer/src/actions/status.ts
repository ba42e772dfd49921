import { InternalError } from "../errors/installer-error.ts";
import type { LocalizedText } from "../plan/model.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "./context.ts";
import type { NotInstalled } from "./install.ts";

export type StatusRequest = InstallTarget;

export interface ComponentStatus {
  readonly id: string;
  readonly title: LocalizedText;
  readonly presence: "embedded" | "external";
  /** `missing` when its container is gone, `external` when it runs somewhere else. */
  readonly state:
    | "created"
    | "running"
    | "paused"
    | "restarting"
    | "removing"
    | "exited"
    | "dead"
    | "missing"
    | "external";
  readonly health: "none" | "starting" | "healthy" | "unhealthy" | "unknown";
  readonly ok: boolean;
  readonly container?: string;
  readonly containerId?: string;
  readonly image?: string;
  readonly imageId?: string;
  readonly digest?: string;
  readonly startedAt?: string;
  readonly uptimeSeconds?: number;
  readonly restarts?: number;
  readonly exitCode?: number;
  readonly ports: readonly {
    readonly address: string;
    readonly hostPort: number;
    readonly containerPort: number;
    readonly protocol: string;
  }[];
  readonly urls: readonly string[];
  /** What differs from what was installed, for example `image changed by hand`. */
  readonly drift: readonly string[];
}

export interface StatusResult extends ResultHead<"StatusResult"> {
  readonly name: string;
  readonly installed: boolean;
  /** `healthy`: everything that is installed serves. */
  readonly overall: "healthy" | "degraded" | "stopped" | "not-installed";
  readonly version?: string;
  readonly profile?: string;
  readonly release?: number;
  readonly installedAt?: string;
  readonly engine: { readonly version: string; readonly apiVersion: string };
  readonly components: readonly ComponentStatus[];
  readonly notInstalled: readonly NotInstalled[];
  /** Containers of this project that no install of ours made. */
  readonly foreign: readonly string[];
  readonly urls: readonly { readonly component: string; readonly title: LocalizedText; readonly url: string }[];
}

/** The live state of the platform, read from the engine. The caller turns `overall` other than healthy into exit 7. */
export async function status(_request: StatusRequest, _ports: ActionPorts): Promise<StatusResult> {
  return Promise.reject(new InternalError("status is not built yet"));
}
