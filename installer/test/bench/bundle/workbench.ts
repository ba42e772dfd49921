import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type RunningChild, mustRun, startChild } from "../../support/child.ts";
import { makeMemoryFolder } from "../memory-folder.ts";
import { imagesOnOneBase, type Layout, largeImages, smallImages, writeLayout } from "./layouts.ts";
import { isInstalled } from "./rivals.ts";

/** Where the rows of one run work: layouts are made once, when the first row needs them. */
export interface Workbench {
  /** On a memory file system where there is one. */
  readonly folder: string;
  /** Whether the processor has instructions for SHA-256: some bars depend on it. */
  readonly hasSha: boolean;
  readonly slipway: (...args: readonly string[]) => Promise<string>;
  /** The same without waiting for its end. */
  readonly start: (...args: readonly string[]) => RunningChild;
  /** `bundle create` of all images of a layout. */
  readonly create: (layout: Layout, file: string, ...args: readonly string[]) => Promise<string>;
  /** The arguments that trust what this run signs. */
  readonly trust: readonly string[];
  readonly large: () => Promise<Layout>;
  readonly changed: () => Promise<Layout>;
  readonly small: () => Promise<Layout>;
  readonly onOneBase: () => Promise<Layout>;
  /** A signed bundle of a layout; made once. */
  readonly bundleOf: (layout: Layout) => Promise<string>;
}

/** Runs `body` in an empty workbench and leaves nothing of it. */
export async function withWorkbench<T>(
  { program, hasSha }: { readonly program: string; readonly hasSha: boolean },
  body: (bench: Workbench) => Promise<T>,
): Promise<T> {
  for (const needed of ["skopeo", "docker-registry"]) {
    if (!(await isInstalled(needed))) throw new Error(`${needed} is needed to compare with; it is a package of Debian`);
  }
  const folder = await makeMemoryFolder();
  const env = {
    ...process.env,
    HOME: folder,
    XDG_CACHE_HOME: join(folder, "cache"),
    XDG_CONFIG_HOME: join(folder, "config"),
  };
  const slipway = (...args: readonly string[]): Promise<string> =>
    mustRun(process.execPath, [program, ...args], { cwd: folder, env });
  const layouts = new Map<string, Promise<Layout>>();
  const made = (name: string, make: () => Promise<Layout>) => () => {
    const layout = layouts.get(name) ?? make();
    layouts.set(name, layout);
    return layout;
  };
  const bundles = new Map<string, Promise<string>>();
  const create = (layout: Layout, file: string, ...args: readonly string[]): Promise<string> =>
    slipway(
      ...["bundle", "create", "--images-only", "--from", `oci:${layout.folder}`, "--output", file, ...args],
      ...["--sign-key", join(folder, "bench.key")],
      ...layout.references.flatMap((reference) => ["--image", reference]),
    );
  try {
    // The cost of a passphrase is meant to be high, and is no part of making a bundle.
    await slipway("bundle", "keygen", "--output", join(folder, "bench"), "--no-passphrase");
    return await body({
      folder,
      hasSha,
      slipway,
      start: (...args) => startChild(process.execPath, [program, ...args], { cwd: folder, env }),
      create,
      trust: ["--key", join(folder, "bench.pub")],
      large: made("w1", () => writeLayout(join(folder, "w1"), largeImages())),
      changed: made("w3", () => writeLayout(join(folder, "w3"), largeImages(true))),
      onOneBase: made("w4", () => writeLayout(join(folder, "w4"), imagesOnOneBase())),
      small: made("w2", () => writeLayout(join(folder, "w2"), smallImages())),
      bundleOf: (layout) => {
        const file = `${layout.folder}.tar`;
        const bundle = bundles.get(file) ?? create(layout, file).then(() => file);
        bundles.set(file, bundle);
        return bundle;
      },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
