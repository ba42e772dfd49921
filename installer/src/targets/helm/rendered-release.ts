import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../../platform/cluster-ports.ts";
import { renderedFileToString } from "../../render/rendered-file.ts";
import type { Rendering } from "../../render/rendering.ts";
import type { HelmPorts } from "./helm-ports.ts";
import { createHelmProgram } from "./helm-program.ts";
import { writeReleaseFiles } from "./release-files.ts";

/** What the chart asks about, besides the version. */
const askedKinds = [{ apiVersion: "gateway.networking.k8s.io/v1alpha2", kind: "TCPRoute" }];

/**
 * The objects that helm would make of a rendering in this cluster. Nothing is written but to a folder that is removed at once, and no secret.
 * @throws PreflightError without helm; ApplyError when chart or values are wrong; what the cluster refuses
 */
export async function renderRelease(
  files: Rendering["files"],
  release: string,
  ports: Pick<HelmPorts, "cluster" | "exec" | "environment" | "fs" | "place">,
): Promise<readonly KubeObject[]> {
  const { cluster, fs, place } = ports;
  const { version } = await cluster.version();
  const known = await Promise.all(askedKinds.map((kind) => cluster.knows(kind)));
  const kinds = askedKinds.filter((_, index) => known[index]).map(({ apiVersion, kind }) => `${apiVersion}/${kind}`);
  const folder = await fs.makeTemporary();
  try {
    const open = files.filter(({ secret }) => !secret);
    const texts = open.map((file) => ({ path: file.path, contents: renderedFileToString(file) }));
    const { chart, values } = await writeReleaseFiles(fs, folder, texts);
    const helm = createHelmProgram(ports, release);
    const text = await helm.template(chart, values, { version, kinds });
    // As helm and the API server read it: 0400 is octal there.
    return parseAllDocuments(text, { version: "1.1" })
      .map((document) => document.toJS() as KubeObject | null)
      .filter((object) => object !== null)
      .map((object) => ({ ...object, metadata: { ...object.metadata, namespace: place.namespace } }));
  } finally {
    await fs.remove(folder);
  }
}
