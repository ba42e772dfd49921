import { dirname } from "node:path";
import { type RepairResult, repairParts } from "../../bundle/parity.ts";
import { readSplitHeader } from "../../bundle/parts.ts";
import { checkTrust } from "../../bundle/read-bundle.ts";
import { splitSuffix } from "../../bundle/split-header.ts";
import { UsageError } from "../../errors/installer-error.ts";
import type { BundleFilePorts } from "./bundle-file-ports.ts";
import type { ResultHead } from "../context.ts";
import { readTrustedKeys } from "./trusted-keys.ts";
import { steps } from "../../events/steps.ts";
import { withStep } from "../../execute/with-step.ts";

export interface BundleRepairRequest {
  /** `FILE.split.json`. */
  readonly header: string;
  readonly partFolders: readonly string[];
  readonly keyFiles: readonly string[];
  /** Folder for what is rebuilt. */
  readonly output: string;
}

export interface BundleRepairResult extends ResultHead<"BundleRepairResult">, RepairResult {
  readonly name: string;
  readonly output: string;
  readonly ms: number;
}

/**
 * Rebuilds missing and damaged parts of a split bundle from its parity, into a folder of their own.
 * @throws BundleError when more is lost than parity makes up for, or the header is not what was signed
 */
export async function repairBundle(request: BundleRepairRequest, ports: BundleFilePorts): Promise<BundleRepairResult> {
  const begin = ports.clock.monotonicMs();
  if (!request.header.endsWith(splitSuffix)) {
    throw new UsageError(`${request.header} is not a header of a split bundle`, {
      hint: `name the file that ends with ${splitSuffix}`,
    });
  }
  return withStep(ports, steps.repair, async () => {
    const { header, headerBytes, signature } = await readSplitHeader(request.header, ports.bulkFiles);
    const trustedKeys = await readTrustedKeys({ keyFiles: request.keyFiles, allowUnsigned: true }, ports);
    // Who names a key wants to know; else what is rebuilt is checked when the bundle is opened.
    const allowUnsigned = request.keyFiles.length === 0;
    const signed = signature === undefined ? undefined : Buffer.from(signature);
    checkTrust({ document: headerBytes, signature: signed, name: request.header }, { trustedKeys, allowUnsigned });
    if (!(await ports.fs.exists(request.output))) await ports.fs.makeDirectory(request.output, 0o755);
    const result = await repairParts(
      {
        header,
        folders: [...request.partFolders, dirname(request.header)],
        output: request.output,
        onBytes: countUp(header.size, header.name, ports),
        signal: ports.signal,
      },
      ports,
    );
    return {
      apiVersion: "slipway/v1",
      kind: "BundleRepairResult",
      name: header.name,
      output: request.output,
      ...result,
      ms: ports.clock.monotonicMs() - begin,
    };
  });
}

/** Tells of progress, once for each percent. */
function countUp(total: number, id: string, ports: BundleFilePorts): (bytes: number) => void {
  let done = 0;
  let told = -1;
  return (bytes) => {
    done += bytes;
    const percent = Math.min(100, Math.floor((done / total) * 100));
    if (percent === told) return;
    told = percent;
    ports.report({ type: "progress", step: "repair", id, percent });
  };
}
