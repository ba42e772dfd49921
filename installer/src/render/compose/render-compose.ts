import { toYamlText } from "../yaml-text.ts";
import type { Component, Container, Plan } from "../../plan/model.ts";
import { isSecretSlot } from "../../plan/text.ts";
import { type AddressBook, buildAddressBook, type FileGenerators, renderFileContents } from "../addresses.ts";
import { renderGatewayNginx } from "../config-files/gateway-nginx.ts";
import { pageFiles } from "../config-files/page-files.ts";
import type { RenderedFile } from "../rendered-file.ts";
import { type Rendering, type Store, storesOf, type Unit } from "../rendering.ts";
import {
  type ComposeObject,
  type ComposeOptions,
  engineVolumeName,
  renderJob,
  renderService,
  specHash,
  type UnitContext,
  volumeKey,
} from "./compose-service.ts";
import { nameLabel, specLabel } from "./labels.ts";
import { type NetworkName, networkNames } from "./networks.ts";

const marker =
  "# Written by slipway from the values of this install. Do not edit: change the values and run `slipway install` again.\n";

const generators: FileGenerators = {
  ...pageFiles,
  "nginx-gateway": ({ plan, book }) => renderGatewayNginx(plan, book),
};

/**
 * Renders a plan for Docker Compose. Pure.
 * @throws RenderError when the plan asks for what Compose on one host cannot express
 */
export function renderCompose(plan: Plan, options: ComposeOptions = { startInterval: true }): Rendering {
  const book = buildAddressBook(plan, (component) => component.id);
  const context: UnitContext = { plan, book, options };
  const services = plan.components
    .filter((component) => component.workload !== undefined)
    .map((component) =>
      renderUnit({ id: component.id, role: "service" }, serviceFiles(plan, book, component), (files) =>
        renderService(context, component, files),
      ),
    );
  const jobs = plan.jobs.map((job) =>
    renderUnit({ id: job.id, role: "job" }, containerFiles(plan, book, job.id, job.container), (files) =>
      renderJob(context, job, files),
    ),
  );
  const stores = storesOf(plan);
  const units = [...services, ...jobs];
  let files: readonly RenderedFile[] | undefined;
  return {
    // Callers that only compare units do not wait for the document.
    get files() {
      return (files ??= [composeFile(plan, units, stores), ...units.flatMap((unit) => unit.files)]);
    },
    units: units.map(({ unit }) => unit),
    stores,
  };
}

function composeFile(plan: Plan, units: readonly RenderedUnit[], stores: readonly Store[]): RenderedFile {
  return { path: "compose.yaml", contents: [marker + renderDocument(plan, units, stores)], secret: false };
}

/** Written service by service: one tree of a large platform would cost more than its parts. */
function renderDocument(plan: Plan, units: readonly RenderedUnit[], stores: readonly Store[]): string {
  const yaml = (part: ComposeObject): string => toYamlText(escapeDollars(part) as ComposeObject);
  const services = units.map((unit) => yaml({ [unit.unit.id]: unit.service }).replace(/^(?=.)/gm, "  "));
  return [
    yaml({ name: plan.install.name }),
    units.length === 0 ? "services: {}\n" : "services:\n",
    ...services,
    yaml({
      networks: Object.fromEntries(networkNames(plan).map((name) => [name, renderNetwork(plan, name)])),
      volumes: Object.fromEntries(
        stores.map(({ component, volume }) => [
          volumeKey(component, volume),
          { external: true, name: engineVolumeName(plan, component, volume) },
        ]),
      ),
    }),
  ].join("");
}

interface RenderedUnit {
  readonly unit: Unit;
  readonly service: ComposeObject;
  readonly files: readonly RenderedFile[];
}

function renderUnit(
  head: Pick<Unit, "id" | "role">,
  files: readonly RenderedFile[],
  render: (files: readonly RenderedFile[]) => ComposeObject,
): RenderedUnit {
  const service = render(files);
  const hash = specHash(service, files);
  return {
    unit: { ...head, image: String(service["image"]), specHash: hash, filePaths: files.map((file) => file.path) },
    service: { ...service, labels: { ...(service["labels"] as ComposeObject), [specLabel]: hash } },
    files,
  };
}

function serviceFiles(plan: Plan, book: AddressBook, component: Component): readonly RenderedFile[] {
  return component.workload === undefined ? [] : containerFiles(plan, book, component.id, component.workload.container);
}

function containerFiles(plan: Plan, book: AddressBook, id: string, container: Container): readonly RenderedFile[] {
  return container.files.map((file) => {
    const contents = renderFileContents(file.contents, { plan, book, where: `${id}:${file.path}` }, generators);
    return { path: `files/${id}${file.path}`, contents, owner: container.uid, secret: contents.some(isSecretSlot) };
  });
}

function renderNetwork(plan: Plan, name: NetworkName): ComposeObject {
  const isClosed = name === "data" || (plan.settings.isolated === true && name !== "outside");
  return {
    driver: "bridge",
    ...(isClosed ? { internal: true } : {}),
    labels: { [nameLabel]: plan.install.name },
  };
}

/** Compose interpolates `$` in every string; doubled, it stands for itself. */
function escapeDollars(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("$", "$$$$");
  if (Array.isArray(value)) return value.map(escapeDollars);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, escapeDollars(item)]));
  }
  return value;
}
