import type { OpenedBundle } from "../../bundle/open-bundle.ts";
import type { RunningServer, StartHttpServer } from "../../platform/http-server.ts";
import { createRegistryHandler } from "../../registry/serve/handle-request.ts";
import { indexImages, type ServableImage } from "../../registry/serve/served-images.ts";
import type { ActionPorts, ResultHead } from "../context.ts";
import { aborted, type Listening, readTls } from "../listening.ts";
import { type GivenBundle, openGivenBundle } from "./given-bundle.ts";

export interface BundleServeRequest extends Listening {
  readonly bundle: GivenBundle;
  /** Called once, when it can be pulled from. */
  readonly onListening: (serving: Serving) => void;
}

export interface Serving {
  /** `http://127.0.0.1:5000`. */
  readonly url: string;
  /** What can be pulled, as references at that address. */
  readonly images: readonly string[];
}

export interface BundleServeResult extends ResultHead<"BundleServeResult">, Serving {
  /** Requests that were answered. */
  readonly requests: number;
  /** Requests that could not be answered because of the bundle: damaged blobs. */
  readonly failures: number;
}

export type BundleServePorts = ActionPorts & { readonly startHttpServer: StartHttpServer };

/**
 * Serves a bundle as a read-only registry until the signal is aborted. Nothing is unpacked.
 * @throws BundleError before anything is served; PreflightError when the address cannot be had
 */
export async function serveBundle(request: BundleServeRequest, ports: BundleServePorts): Promise<BundleServeResult> {
  const tls = await readTls(request, ports.fs);
  const reader = await openGivenBundle(request.bundle, ports);
  let server: RunningServer | undefined;
  try {
    const images = servableImages(reader);
    const served = await indexImages(images, reader.content, (digest) => reader.sizeOf(digest) !== undefined);
    const handle = createRegistryHandler(served, { ...reader.content, checked: true });
    let requests = 0;
    let failures = 0;
    server = await ports.startHttpServer(
      (asked) => {
        requests += 1;
        ports.report({ type: "debug", message: `${asked.method} ${asked.target}` });
        return handle(asked);
      },
      {
        host: request.host,
        port: request.port,
        ...(tls === undefined ? {} : { tls }),
        onError: (error, asked) => {
          // A client that goes away is its own business.
          if ((error as NodeJS.ErrnoException).code?.startsWith("ERR_STREAM_PREMATURE") === true) return;
          failures += 1;
          ports.report({ type: "warning", message: `${asked.method} ${asked.target}: ${error.message}` });
        },
      },
    );
    const { url, authority } = server;
    const names = served.names.flatMap((name) =>
      [...(served.find(name)?.tags.keys() ?? [])].map((tag) => `${authority}/${name}:${tag}`),
    );
    request.onListening({ url, images: names });
    await aborted(ports.signal);
    return { apiVersion: "slipway/v1", kind: "BundleServeResult", url, images: names, requests, failures };
  } finally {
    await server?.close();
    await reader.close();
  }
}

/** The images of a bundle; of one that was narrowed to several platforms there is a manifest for each and no root. */
export function servableImages(reader: OpenedBundle): readonly ServableImage[] {
  return reader.complete.images.map(({ reference, root, platforms, referrers }) => ({
    reference,
    root,
    also: platforms.map((platform) => platform.manifest),
    referrers,
  }));
}
