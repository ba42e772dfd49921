import type { Problems } from "./refusal.ts";

/** Names that are kept for examples: nobody serves people there. */
export function isExample(domain: string): boolean {
  return /(^|\.)example\.(com|net|org)(:\d+)?$/.test(domain);
}

/** A domain that somebody chose; one that is missing or only an example is a problem. */
export function requireDomain(name: string, domain: string, problems: Problems): string {
  if (domain === "") problems.add(`${name} is missing: it says where people reach the platform`);
  else if (isExample(domain)) problems.add(`${name} is still the example ${domain}`);
  return domain.toLowerCase();
}
