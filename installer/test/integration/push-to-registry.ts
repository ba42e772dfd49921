import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { ActionPorts } from "../../src/actions/context.ts";
import type { PushRequest } from "../../src/actions/push/push-request.ts";
import type { PushOutcome } from "../../src/actions/push/push-outcome.ts";
import { pushSelected } from "../../src/actions/push/push-run.ts";
import type { SelectedImage } from "../../src/actions/push/push-sources.ts";
import { openRegistries } from "../../src/actions/push/registry-options.ts";
import type { Report } from "../../src/events/event.ts";
import type { ImageSource } from "../../src/oci/content.ts";
import { parseTarget } from "../../src/oci/path-rules.ts";
import { realPorts } from "../support/real-ports.ts";
import { type HarborOptions, noHarborOptions } from "../../src/registry/harbor/harbor-options.ts";
import type { SyntheticImage } from "../stand-ins/registry/synthetic-image.ts";

/** An image in memory, as a selection of a push has it; `others` are there to be read, too. */
export function selectedImage(
  reference: string,
  image: SyntheticImage,
  others: readonly SyntheticImage[] = [],
): SelectedImage {
  const contents = [image, ...others].flatMap(({ blobs, manifests }) => [...blobs, ...manifests]);
  const all = new Map(contents.map(({ descriptor, bytes }) => [descriptor.digest, bytes]));
  const source: ImageSource = {
    kind: "layout",
    name: "a layout in memory",
    resolve: () => Promise.resolve(undefined),
    content: {
      open: ({ digest }) => {
        const bytes = all.get(digest);
        return bytes === undefined
          ? Promise.reject(new Error(`no ${digest}`))
          : Promise.resolve(Readable.from([bytes]));
      },
    },
    close: () => Promise.resolve(),
  };
  return { name: reference, reference, source, root: image.root, referrers: [], others: [] };
}

/** With something that refers to it and has no tag. */
export function withReferrer(image: SelectedImage, referrer: SyntheticImage): SelectedImage {
  return { ...image, referrers: [...image.referrers, { descriptor: referrer.root, subject: image.root.digest }] };
}

/** The world as a push finds it, with an empty environment. */
export function createPushPorts(report: Report): ActionPorts {
  return {
    ...realPorts({}),
    assets: {} as unknown as ActionPorts["assets"],
    environment: {},
    report,
    signal: new AbortController().signal,
  };
}

export interface TestPush {
  /** Host and path. */
  readonly to: string;
  readonly user: string;
  readonly password: string;
  readonly images: readonly SelectedImage[];
  /** For the file of the password and the journal. */
  readonly folder: string;
  readonly harbor?: HarborOptions;
  readonly dryRun?: boolean;
  /** Yes unless told; a host of loopback is found out to speak it without being told. */
  readonly plainHttp?: boolean;
}

/** Pushes as `slipway push` does, over plain HTTP. */
export async function pushTo(push: TestPush, ports: ActionPorts): Promise<PushOutcome> {
  const { to, user: username, password, images, folder, harbor = noHarborOptions, dryRun = false } = push;
  const { plainHttp = true } = push;
  const passwordFile = join(folder, "password");
  await writeFile(passwordFile, `${password}\n`);
  const registry = { plainHttp, username, passwordFile };
  const target = parseTarget(to);
  const cacheDir = join(folder, "cache");
  // What images are selected by does not matter: they are handed over.
  const request = { cacheDir, to, pathStyle: "keep", registry, harbor, dryRun } as unknown as PushRequest;
  const registries = await openRegistries(registry, target.host, ports);
  return pushSelected({ request, target, registries, selected: { images, damaged: [] } }, ports);
}
