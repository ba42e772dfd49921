import { RenderError } from "../errors/installer-error.ts";
import type { Component, Endpoint, EndpointSlot, FileContents, Plan, Text } from "../plan/model.ts";
import { isEndpointSlot, slottedToText } from "../plan/text.ts";
import type { RenderedText } from "./rendered-file.ts";

/** Looks up endpoints of a plan; the target says under which host name a component is reached. */
export interface AddressBook {
  resolve(slot: EndpointSlot, where: string): string;
}

const schemes: Readonly<Record<Endpoint["protocol"], string>> = {
  postgres: "postgresql",
  redis: "redis",
  http: "http",
  s3: "http",
  grpc: "tcp",
  nats: "nats",
  ssh: "ssh",
};

/** An address book over the plan's components; `hostOf` names embedded components on the target. */
export function buildAddressBook(plan: Plan, hostOf: (component: Component) => string): AddressBook {
  const entries = new Map(
    plan.components.flatMap((component) =>
      component.endpoints.map((endpoint): [string, { component: Component; endpoint: Endpoint }] => [
        `${component.id}.${endpoint.id}`,
        { component, endpoint },
      ]),
    ),
  );
  return {
    resolve(slot, where) {
      const entry = entries.get(slot.ref);
      if (entry === undefined) {
        if (slot.fallback !== undefined) return slot.fallback;
        throw new RenderError(`${where} names the endpoint ${slot.ref}, which no component of this plan offers`);
      }
      return formatAddress(slot.field, entry.endpoint, entry.endpoint.externalHost ?? hostOf(entry.component));
    },
  };
}

function formatAddress(field: EndpointSlot["field"], endpoint: Endpoint, host: string): string {
  switch (field) {
    case "host":
      return host;
    case "port":
      return String(endpoint.port);
    case "hostPort":
      return `${host}:${endpoint.port}`;
    case "url": {
      const scheme = schemes[endpoint.protocol];
      return `${endpoint.tls && scheme === "http" ? "https" : scheme}://${host}:${endpoint.port}`;
    }
  }
}

/** Replaces endpoint slots by addresses and joins neighbouring literals; secret slots stay. */
export function resolveEndpoints(text: Text, book: AddressBook, where: string): RenderedText {
  const parts: RenderedText[number][] = [];
  for (const part of text) {
    const resolved = isEndpointSlot(part) ? book.resolve(part, where) : part;
    const last = parts.at(-1);
    if (typeof resolved === "string" && typeof last === "string") parts[parts.length - 1] = last + resolved;
    else parts.push(resolved);
  }
  return parts;
}

/** Contents that are made from the whole plan. */
type GeneratedContents = Exclude<FileContents, { readonly kind: "text" | "json" }>;

/** Where a file is written: the plan it is part of, the addresses of the target, and its place for messages. */
export interface FilePlace {
  readonly plan: Plan;
  readonly book: AddressBook;
  readonly where: string;
}

/** Who writes which kind of generated document on a target; one that a target has no use for throws RenderError. */
export type FileGenerators = {
  readonly [Kind in GeneratedContents["kind"]]: (
    place: FilePlace,
    contents: Extract<GeneratedContents, { readonly kind: Kind }>,
  ) => string | RenderedText;
};

/** The text of a configuration file with every endpoint resolved. */
export function renderFileContents(contents: FileContents, place: FilePlace, generators: FileGenerators): RenderedText {
  switch (contents.kind) {
    case "text":
      return resolveEndpoints(contents.text, place.book, place.where);
    case "json":
      return resolveEndpoints([...slottedToText(contents.value), "\n"], place.book, place.where);
    default: {
      // TypeScript cannot see that the kind picks the writer of just these contents.
      const generate = generators[contents.kind] as (
        place: FilePlace,
        contents: GeneratedContents,
      ) => string | RenderedText;
      const generated = generate(place, contents);
      return typeof generated === "string" ? [generated] : generated;
    }
  }
}
