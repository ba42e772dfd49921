import type { TlsProblem, TransportError } from "../platform/transport-error.ts";

/** What went wrong, and what to do about it. */
export interface Advice {
  readonly problem: string;
  readonly hint?: string;
}

const again = "run the same command again; what was sent stays";

/**
 * What is said when no whole answer came from a host.
 * @param once it was not tried again
 */
export function adviseOnTransport(error: TransportError, host: string, once = false): Advice {
  switch (error.fault) {
    case "dns":
      return {
        problem: `the name ${host} is not known here`,
        hint: "check the spelling and the name servers of this machine",
      };
    case "refused":
      return {
        problem: `nothing answers at ${host} (${error.code ?? "refused"})`,
        hint: "check address, port and firewall",
      };
    case "reset":
    case "stalled":
      return adviseOnBreak(error.fault, host, once);
    case "tls":
      return adviseOnTls(error.tls ?? "other", host, error.code);
    case "proxy":
      return adviseOnProxy(error);
    case "blocked":
      return { problem: error.message, hint: "this run may only speak to what it was allowed to" };
    case "aborted":
    case "protocol":
      return {
        problem: `the answer was cut short or is not HTTP: ${error.message}`,
        hint: `check that ${host} is a registry; ${again}`,
      };
  }
}

function adviseOnBreak(fault: "reset" | "stalled", host: string, once: boolean): Advice {
  if (fault === "reset") {
    return {
      problem: once ? "the connection broke" : "the connection broke, also when tried again",
      hint: `check the network and the registry's logs; where --plain-http is given, ${host} may speak TLS; ${again}`,
    };
  }
  return {
    problem: once ? "no byte moved for too long" : "no byte moved for too long, also when tried again",
    hint: `check the network and the registry's load; ${again}`,
  };
}

function adviseOnProxy(error: TransportError): Advice {
  if (error.tls !== undefined) return adviseOnProxyTls(error, error.tls);
  return { problem: error.message, hint: "check HTTPS_PROXY and HTTP_PROXY, or name the registry in NO_PROXY" };
}

/** An https:// proxy. Neither --ca-file nor a client certificate is for it. */
function adviseOnProxyTls({ proxy = "the proxy", code }: TransportError, problem: TlsProblem): Advice {
  const advice = adviseOnTls(problem, proxy, code);
  switch (problem) {
    case "unknown-ca":
      return { ...advice, hint: "name a file with the authority's certificate in NODE_EXTRA_CA_CERTS" };
    case "plain":
      return { ...advice, hint: "check its port, or write http:// before its address" };
    case "client":
      return { ...advice, hint: "name a proxy that asks for no client certificate" };
    default:
      return advice;
  }
}

function adviseOnTls(problem: TlsProblem, host: string, code: string | undefined): Advice {
  switch (problem) {
    case "unknown-ca":
      return {
        problem: `the certificate of ${host} is signed by an authority this machine does not trust`,
        hint: `give that authority's certificate with --ca-file; where one was given, it is another's, or that of a root and ${host} does not send those in between`,
      };
    case "expired":
      return { problem: `the certificate of ${host} has expired`, hint: "renew it, or set this machine's clock right" };
    case "not-yet-valid":
      return {
        problem: `the certificate of ${host} is not valid yet`,
        hint: "set the clocks right, here and where it was made",
      };
    case "wrong-name":
      return {
        problem: `the certificate of ${host} is for another name`,
        hint: "use a name that stands in the certificate, or have one made for this name",
      };
    case "plain":
      return {
        problem: `${host} does not speak TLS`,
        hint: "check the port; use --plain-http if it really has no TLS",
      };
    case "client":
      return {
        problem: `${host} does not accept the client certificate, or wants one (${code ?? "TLS"})`,
        hint: "give --client-cert and --client-key that belong together and that the registry trusts",
      };
    case "other":
      return {
        problem: `TLS with ${host} failed (${code ?? "unknown"})`,
        hint: "check that it speaks TLS 1.2 or newer",
      };
  }
}
