import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ToolboxError } from "./errors.ts";
import { excerpt, type HttpAnswer, sendHttp } from "./http-request.ts";
import { isConnectionFailure, waitForServer } from "./wait-for-server.ts";

/** What a pod knows of its cluster: where the API server is, and a folder with `token`, `ca.crt` and `namespace`. */
export interface ClusterAccess {
  readonly host: string;
  readonly port: string;
  readonly folder: string;
  /** How long an API server that does not answer is asked. */
  readonly seconds: number;
}

/** What marks a job as done: a ConfigMap, and the value of its key `done`. */
export interface DoneMark {
  readonly configMap: string;
  readonly value: string;
}

/**
 * Where Kubernetes says that the API server is.
 * @throws ToolboxError outside a cluster
 */
export function accessFrom(environment: Readonly<Record<string, string | undefined>>): ClusterAccess {
  const host = environment["KUBERNETES_SERVICE_HOST"];
  const port = environment["KUBERNETES_SERVICE_PORT"];
  if (host === undefined || port === undefined)
    throw new ToolboxError("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set", {
      advice: "mark-done runs in a pod only",
    });
  return { host, port, folder: "/var/run/secrets/kubernetes.io/serviceaccount", seconds: 300 };
}

/**
 * Writes into a ConfigMap that a job has completed. Safe to repeat.
 * @throws ServerWaitError when the API server does not answer; ToolboxError when it refuses
 */
export async function markDone(mark: DoneMark, access: ClusterAccess, log: (line: string) => void): Promise<void> {
  const namespace = (await readFile(join(access.folder, "namespace"), "utf8")).trim();
  const host = access.host.includes(":") ? `[${access.host}]` : access.host;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${encodeURIComponent(mark.configMap)}`;
  const answer = await waitForServer(
    { what: `the API server at ${host}:${access.port}`, isTransient: passesByItself, seconds: access.seconds, log },
    async () => {
      const found = await sendHttp({
        method: "PATCH",
        url: `https://${host}:${access.port}${path}?fieldManager=slipway-mark-done`,
        headers: {
          // Read anew each time: it is renewed while this waits.
          authorization: `Bearer ${(await readFile(join(access.folder, "token"), "utf8")).trim()}`,
          "content-type": "application/merge-patch+json",
          accept: "application/json",
        },
        body: JSON.stringify({ data: { done: mark.value } }),
        caFile: join(access.folder, "ca.crt"),
      });
      if (found.status === 429 || found.status === 409 || found.status >= 500) throw new BusyError(said(found));
      return found;
    },
  );
  if (answer.status === 200) return;
  throw new ToolboxError(`the ConfigMap ${namespace}/${mark.configMap} could not be marked: ${said(answer)}`, {
    advice: adviceFor(answer.status, mark.configMap),
  });
}

/** The API server is there and asks to be asked again. */
class BusyError extends ToolboxError {}

function passesByItself(error: unknown): boolean {
  return error instanceof BusyError || isConnectionFailure(error);
}

function adviceFor(status: number, configMap: string): string {
  switch (status) {
    case 401:
      return "the API server does not know the token of this service account: is it another cluster's?";
    case 403:
      return `the service account of this job may not patch it: its Role and RoleBinding come with the release, look whether they are there (kubectl auth can-i patch configmap/${configMap} --as=system:serviceaccount:…)`;
    case 404:
      return "it comes with the release: apply that again";
    default:
      return "look at the log of the API server";
  }
}

/** The status and the message of a Kubernetes Status. */
function said({ status, body }: HttpAnswer): string {
  try {
    const { message } = JSON.parse(body.toString("utf8")) as { readonly message?: unknown };
    if (typeof message === "string") return `${status} ${message}`;
  } catch {
    // Something between here and the API server has answered.
  }
  return `${status} ${excerpt(body)}`;
}
