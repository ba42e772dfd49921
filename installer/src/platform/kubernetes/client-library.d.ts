import type { ChildProcess } from "node:child_process";

/** What a program of the kubeconfig gives is put in here. */
export interface GivenCredentials {
  headers: { Authorization?: string };
  cert?: string;
  key?: string;
}

/** The part of @kubernetes/client-node that is used: it asks programs for credentials, and keeps these until they are over. */
export class ExecAuth {
  /** By which it starts programs; private in the library's own types. */
  execFn: (command: string, args: readonly string[]) => ChildProcess;
  applyAuthentication(
    user: {
      readonly name: string;
      readonly exec: { readonly command: string; readonly args: readonly string[] };
    },
    given: GivenCredentials,
  ): Promise<void>;
}
