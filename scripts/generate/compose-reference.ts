import { parse } from "yaml";
import { engineVolumeName } from "../../installer/src/render/compose/compose-service.ts";
import { renderCompose } from "../../installer/src/render/compose/render-compose.ts";
import { renderedFileToString } from "../../installer/src/render/rendered-file.ts";
import { toYamlText } from "../../installer/src/render/yaml-text.ts";
import type { Component, Plan } from "../../installer/src/plan/model.ts";
import {
  type ComposeFile,
  referenceFolder,
  referencePlan,
  referenceProfiles,
} from "../../installer/test/support/compose-reference.ts";
import { renderComposePage } from "./compose-page.ts";
import type { GeneratedFile, Generator } from "./generated-file.ts";

/** What each profile renders to on Compose, one file a component, for people to read and for tests to compare with; and the page about it. */
export const generateComposeReference: Generator = () => {
  const plans = referenceProfiles().map(referencePlan);
  return Promise.resolve([
    ...plans.flatMap(referenceFiles),
    { path: "compose/README.md", contents: renderComposePage(plans) },
  ]);
};

function referenceFiles(plan: Plan): readonly GeneratedFile[] {
  const folder = referenceFolder(plan.install.profile);
  const [whole, ...files] = renderCompose(plan).files.map((file) => ({
    path: `${folder}/${file.path}`,
    contents: renderedFileToString(file),
  }));
  const document = parse(whole?.contents ?? "") as ComposeFile;
  const parts = plan.components.flatMap((component) => componentFile(plan, component, document) ?? []);
  const main = {
    name: document.name,
    include: parts.map((part) => part.path),
    networks: document.networks,
  };
  return [{ path: "compose.yaml", contents: marker(plan) + toYamlText(main) }, ...parts]
    .map((file) => ({ ...file, path: `${folder}/${file.path}` }))
    .concat(files);
}

/** The services, jobs and volumes of one component; nothing for one that has none here. */
function componentFile(plan: Plan, component: Component, document: ComposeFile): GeneratedFile | undefined {
  const units = [component.id, ...plan.jobs.filter((job) => job.component === component.id).map((job) => job.id)];
  const engineNames = component.volumes.map((volume) => engineVolumeName(plan, component.id, volume.name));
  const services = pick(document.services, (id) => units.includes(id));
  const volumes = pick(document.volumes, (_key, volume) => engineNames.includes(volume.name));
  if (Object.keys(services).length === 0) return undefined;
  const head = `${marker(plan)}# ${component.title.en}: ${component.purpose.en}\n`;
  const body = { services, ...(engineNames.length === 0 ? {} : { volumes }) };
  return { path: `${component.id}.yaml`, contents: head + toYamlText(body) };
}

function pick<T>(
  record: Readonly<Record<string, T>> | undefined,
  wanted: (key: string, value: T) => boolean,
): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record ?? {}).filter(([key, value]) => wanted(key, value)));
}

function marker({ install }: Plan): string {
  return `# Generated: what the profile ${install.profile} renders to on Compose. Change the program or the values and run: npm run generate\n`;
}
