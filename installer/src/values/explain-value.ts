import { findHostNameFault, isIpv6 } from "./host-names.ts";

/** Why a text does not fit its key, where a pattern alone would leave the reader guessing. */
export function explainText(path: readonly string[], value: string, allowed: string): string | undefined {
  if (path.join(".") === "domain") return explainDomain(value);
  if (allowed.startsWith("a size ")) return explainSize(value);
  if (path.at(-1) === "image") return explainImage(value);
  if (allowed.startsWith("a host name or ")) return explainHost(value);
  return undefined;
}

function explainDomain(value: string): string | undefined {
  if (value === "") return "is empty";
  if (/[A-Z]/.test(value)) return explainPlace(value) ?? "has upper-case letters";
  return explainHost(value) ?? (value.includes("_") ? "has an underscore" : undefined);
}

function explainHost(value: string): string | undefined {
  return explainPlace(value) ?? findHostNameFault(value);
}

/** What says more than a name. */
function explainPlace(value: string): string | undefined {
  if (value.includes("://")) return "is a URL and not only a host name";
  if (isIpv6(value.replace(/^\[(.*)\]$/, "$1"))) {
    return "is an IPv6 address, which is not supported here, use a name that resolves to it";
  }
  if (/^[^:]+:[0-9]+$/.test(value)) return "has a port, which has a key of its own";
  return undefined;
}

function explainSize(value: string): string | undefined {
  if (/^[0-9]+m$/.test(value)) return "ends in m, which means thousandths";
  if (/^[0-9]+\.[0-9]+/.test(value)) return "has a fraction, which not every target reads";
  if (value.startsWith("0")) return "is zero or begins with a zero";
  if (/^[0-9]+ *([KMGT]i?B|[kmgt]b?|[kmgt]i)$/i.test(value)) return "has a unit that is not known";
  return undefined;
}

function explainImage(value: string): string | undefined {
  if (value.includes("://")) return "is a URL, an image reference has no scheme";
  if (/^[^@]*\/[^:@]*$|^[^:@/]+$/.test(value)) return "has neither a tag nor a digest";
  if (/^[^:@]*[A-Z][^:@]*$/.test(value.split("/").at(-1)?.split(/[:@]/)[0] ?? ""))
    return "has upper-case letters in its name";
  return undefined;
}
