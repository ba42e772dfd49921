import type { PlanContext } from "../define.ts";
import type {
  ConfigFile,
  EnvVariable,
  Listener,
  Route,
  SecretSlot,
  SecretSpec,
  Slotted,
  Text,
  Wire,
} from "../model.ts";
import { endpoint, secret, textFile } from "../text.ts";

/** Where the toolbox finds the authority that signed the gateway's certificate. */
export const verifyCaPath = "/run/slipway/ca.crt";

/** The secret whose certificate clients must trust to talk to the gateway, or undefined without TLS. */
function trustSecret(context: PlanContext): { readonly name: string; readonly part?: string } | undefined {
  switch (context.addressing.tls) {
    case "off":
      return undefined;
    case "self-signed":
      return { name: "ca", part: "certificate" };
    case "files":
      return { name: context.values.tls.caFile === "" ? "tls-certificate" : "tls-ca" };
  }
}

/** Authorities of services elsewhere, where the publicly trusted ones are not enough. */
const trustedName = "tls-trusted";

function givenTrust({ values }: PlanContext): readonly SecretSlot[] {
  return values.tls.trustedCaFile === "" ? [] : [secret(trustedName)];
}

/** Whom a container trusts that talks to the gateway or to services elsewhere, as a file; none where both need none. */
export function trustFiles(context: PlanContext): readonly ConfigFile[] {
  const trust = trustSecret(context);
  const ours = trust === undefined ? [] : [secret(trust.name, trust.part === undefined ? {} : { part: trust.part })];
  const [first, ...more] = [...ours, ...givenTrust(context)];
  if (first === undefined) return [];
  return [{ path: verifyCaPath, contents: textFile([first, ...more.flatMap((slot): Text => ["\n", slot])]) }];
}

/** Lets programs made with Go trust what `trustFiles` brings, beside the authorities of their image. */
export function trustVariables(context: PlanContext): readonly EnvVariable[] {
  return trustFiles(context).length === 0 ? [] : [{ name: "SSL_CERT_FILE", value: [verifyCaPath] }];
}

/** The same for programs made with Python. */
export function pythonTrustVariables(context: PlanContext): Readonly<Record<string, string>> {
  if (trustSecret(context) === undefined) return {};
  return { SSL_CERT_FILE: verifyCaPath, REQUESTS_CA_BUNDLE: verifyCaPath };
}

/** The `caFile` field of a check that goes through the gateway. */
export function verifyCaFile(context: PlanContext): { readonly caFile?: string } {
  return context.addressing.tls === "off" ? {} : { caFile: verifyCaPath };
}

/** The same of a check that goes to a service elsewhere. */
export function outsideCaFile(context: PlanContext): { readonly caFile?: string } {
  return givenTrust(context).length === 0 ? {} : { caFile: verifyCaPath };
}

/** The authorities themselves, as the field of a check. */
export function outsideAuthorities(context: PlanContext): { readonly ca?: SecretSlot } {
  const [ca] = givenTrust(context);
  return ca === undefined ? {} : { ca };
}

/**
 * The `resolve` field of a check that goes through the gateway. By domain the gateway carries the public names as aliases, so that the
 * name itself is proved; an IP address or localhost would lead elsewhere from inside, so the check connects to the gateway directly.
 */
export function publicResolve(context: PlanContext, listener: string): { readonly resolve?: Slotted & object } {
  return context.addressing.kind === "domain" ? {} : { resolve: endpoint(`gateway.${listener}`, "hostPort") };
}

/** Proves that a path of the main site answers as expected, by the way people take to it. */
export function routeWire(
  context: PlanContext,
  id: string,
  route: { readonly path: string; readonly expectation: string; readonly expect: Readonly<Record<string, Slotted>> },
): Wire {
  return {
    id: `route-${id}`,
    from: "browser",
    to: "gateway.main",
    expectation: route.expectation,
    check: {
      kind: "route",
      url: `${context.addressing.mainUrl}${route.path}`,
      ...verifyCaFile(context),
      ...publicResolve(context, "main"),
      ...route.expect,
    },
  };
}

/**
 * Every name and port under which the gateway serves people. It listens inside on the port that is published, so that a URL is right on
 * both sides. With TLS, plain HTTP answers with a redirect.
 */
export function publicListeners(context: PlanContext): readonly Listener[] {
  const { addressing, values } = context;
  const tls = addressing.tls !== "off";
  const apps = addressing.apps === undefined ? [] : [addressing.apps];
  const listeners = [...addressing.served, ...apps].map(
    ({ id, host, port, url }): Listener => ({ id, host, port, publicPort: port, tls, url }),
  );
  const plain = tls ? listeners.filter((row) => row.id === "main" || addressing.kind === "domain") : [];
  const { http } = values.ports;
  return [
    ...listeners,
    ...plain.map((row) => ({ ...row, id: `${row.id}-plain`, port: http, publicPort: http, tls: false })),
  ];
}

/** Routes of the plain listeners beside TLS ones. */
export function redirectRoutes(listeners: readonly Listener[]): readonly Route[] {
  return listeners
    .filter((row) => row.id.endsWith("-plain"))
    .map((row) => ({
      id: row.id,
      listener: row.id,
      match: { kind: "prefix", path: "/" },
      action: { kind: "redirect", url: row.url, ...(row.host.startsWith("*") ? { keepsHost: true } : {}) },
    }));
}

/** What is given or made for TLS: the key pair that the gateway shows, and whom the platform trusts. */
export function tlsSecrets(context: PlanContext): readonly SecretSpec[] {
  const path = context.values.tls.trustedCaFile;
  const trusted: readonly SecretSpec[] =
    path === ""
      ? []
      : [
          {
            name: trustedName,
            description: "authorities of services elsewhere, given",
            generator: { kind: "given-file", path },
          },
        ];
  return [...gatewaySecrets(context), ...trusted];
}

function gatewaySecrets(context: PlanContext): readonly SecretSpec[] {
  const { tls } = context.values;
  switch (context.addressing.tls) {
    case "off":
      return [];
    case "self-signed":
      return [
        {
          name: "ca",
          description: "certificate authority of this install; people import its certificate",
          generator: { kind: "certificate-authority", commonName: `Slipway ${context.addressing.domain}`, years: 10 },
        },
        {
          name: "gateway-tls",
          description: "certificate of the gateway",
          generator: { kind: "tls-leaf", authority: "ca", names: context.addressing.hosts, days: 365 },
        },
      ];
    case "files":
      return [
        {
          name: "tls-certificate",
          description: "certificate of the gateway, given",
          generator: { kind: "given-file", path: tls.certFile },
        },
        {
          name: "tls-key",
          description: "private key of the gateway, given",
          generator: { kind: "given-file", path: tls.keyFile },
        },
        ...(tls.caFile === ""
          ? []
          : [
              {
                name: "tls-ca",
                description: "authority of the gateway's certificate, given",
                generator: { kind: "given-file", path: tls.caFile },
              } as const,
            ]),
      ];
  }
}
