/** Whether the text is an IPv4 address in the usual dotted form. */
export function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255);
}

/** Whether the text is an IPv6 address without brackets and zone. */
export function isIpv6(text: string): boolean {
  return /^[0-9a-fA-F:.]+$/.test(text) && text.includes(":") && URL.canParse(`http://[${text}]`);
}

/** Whether only this host itself can mean the name or address: localhost, what is below it, 127.0.0.0/8 and ::1. */
export function isLoopbackName(name: string): boolean {
  const lower = name.toLowerCase();
  return (
    lower === "localhost" ||
    lower.endsWith(".localhost") ||
    lower === "::1" ||
    (isIpv4(lower) && lower.startsWith("127."))
  );
}

/** A name that stands for all that a wildcard such as `*.apps.corp` covers; any other name is itself. */
export function exampleName(host: string): string {
  return host.replace(/^\*\./, "slipway-check.");
}

/** Why the text cannot be a DNS host name, or undefined when it can. Upper case is accepted. */
export function findHostNameFault(text: string): string | undefined {
  if (text.length > 253) return `is longer than 253 characters (${text.length})`;
  const labels = text.split(".");
  if (labels.some((label) => label === "")) return "has an empty label";
  const long = labels.find((label) => label.length > 63);
  if (long !== undefined) return `has a label of more than 63 characters (${long.length})`;
  const bad = labels.find((label) => !/^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?$/.test(label));
  if (bad !== undefined) return `has the label ${JSON.stringify(bad)}, which no host name can have`;
  // A last label such as 1 or 0x7f makes browsers read the whole as an IPv4 address.
  if (/^([0-9]+|0[xX][0-9a-fA-F]*)$/.test(labels.at(-1) ?? "")) return "ends in a number but is not an IPv4 address";
  return undefined;
}
