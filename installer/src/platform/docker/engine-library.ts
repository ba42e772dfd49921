import type { IncomingMessage } from "node:http";
import type Dockerode from "dockerode";

interface Abortable {
  readonly abortSignal: AbortSignal;
}

/** dockerode 5; its types are one major version behind, and say less of some calls. */
export type EngineLibrary = Omit<Dockerode, "info" | "version" | "getEvents"> & {
  info(options: Abortable): Promise<unknown>;
  version(options: Abortable): Promise<unknown>;
  getEvents(options: Abortable & { readonly filters: object }): Promise<IncomingMessage>;
  getImages(options: Abortable & { readonly names: readonly string[] }): Promise<IncomingMessage>;
};
