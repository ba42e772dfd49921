import { basename } from "node:path";
import { flattenBundles } from "../../bundle/flatten.ts";
import { openBundle } from "../../bundle/open-bundle.ts";
import { writeBundle } from "../../bundle/write-bundle.ts";
import { UsageError } from "../../errors/installer-error.ts";
import { withStep } from "../../execute/with-step.ts";
import { withOutputLock } from "./output-lock.ts";
import { reportPercent } from "./report-percent.ts";
import { requireFileName } from "./require-file-name.ts";
import type { ActionPorts, ResultHead } from "../context.ts";
import { readTrustedKeys } from "./trusted-keys.ts";
import { steps } from "../../events/steps.ts";

export interface BundleFlattenRequest {
  /** The newest delta first, what it builds on after it. */
  readonly paths: readonly string[];
  readonly output: string;
  readonly keyFiles: readonly string[];
  readonly allowUnsigned: boolean;
}

export interface BundleFlattenResult extends ResultHead<"BundleFlattenResult"> {
  readonly output: string;
  readonly name: string;
  readonly version: string;
  /** Digest of the root document. */
  readonly root: string;
  readonly bytes: number;
}

const jobs = 4;

/**
 * Puts a delta and what it builds on together into the full bundle.
 * @throws BundleError when one of them is not what it should be; PreflightError when the disk cannot hold the result
 */
export async function flattenBundle(request: BundleFlattenRequest, ports: ActionPorts): Promise<BundleFlattenResult> {
  const { paths, output, allowUnsigned } = request;
  if (paths.includes(output)) {
    throw new UsageError(`${output} is read and would be written over`, { hint: "choose another file with -o" });
  }
  await requireFileName(output, ports.fs);
  const trustedKeys = await readTrustedKeys(request, ports);
  const delta = await openBundle({ paths, partFolders: [], trustedKeys, allowUnsigned }, ports);
  try {
    const { bundle, origins } = await flattenBundles(delta);
    const onBytes = reportPercent({ step: "bundle", id: basename(output) }, ports.report);
    await withStep(ports, steps.flatten, () =>
      withOutputLock(output, ports, () =>
        writeBundle(
          { bundle, origins, output, jobs, onBytes, signal: ports.signal },
          { ...ports, bulk: ports.bulkFiles },
        ),
      ),
    );
    const { name, version } = bundle.manifest;
    return {
      apiVersion: "slipway/v1",
      kind: "BundleFlattenResult",
      output,
      name,
      version,
      root: bundle.root,
      bytes: bundle.layout.size,
    };
  } finally {
    await delta.close();
  }
}
