/** Addresses from the first to the last, as numbers. */
export interface Ipv4Range {
  readonly first: number;
  readonly last: number;
}

/** `172.17.0.0/16` as a range; undefined when it is none, of IPv6 too. */
export function parseIpv4Range(text: string): Ipv4Range | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (match === null) return undefined;
  const [a = 256, b = 256, c = 256, d = 256, prefix = 33] = match.slice(1).map(Number);
  if (Math.max(a, b, c, d) > 255 || prefix > 32) return undefined;
  const size = 2 ** (32 - prefix);
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  const first = address - (address % size);
  return { first, last: first + size - 1 };
}

/** The range in its parts of this prefix length; none when it is smaller than one. */
export function splitIpv4Range({ first, last }: Ipv4Range, prefix: number): readonly Ipv4Range[] {
  const size = 2 ** (32 - prefix);
  const count = Math.floor((last - first + 1) / size);
  return Array.from({ length: count }, (_, index) => ({
    first: first + index * size,
    last: first + (index + 1) * size - 1,
  }));
}

export function overlaps(a: Ipv4Range, b: Ipv4Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** Whether every address of the inner range is in the outer one. */
export function contains(outer: Ipv4Range, inner: Ipv4Range): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}

export interface Ipv4Route {
  readonly device: string;
  readonly range: Ipv4Range;
}

/**
 * The networks that this host is in, out of /proc/net/route: routes without a gateway. What a gateway leads to, and a device `*`, which
 * swallows what is sent, say nothing about addresses in use.
 */
export function parseOnLinkRoutes(text: string): readonly Ipv4Route[] {
  return text.split("\n").flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [device = "", destination = "", gateway = "", mask = ""] = [fields[0], fields[1], fields[2], fields[7]];
    if (!/^[0-9A-F]{8}$/i.test(destination) || !/^[0-9A-F]{8}$/i.test(mask) || mask === "00000000") return [];
    if (gateway !== "00000000" || device === "*") return [];
    const first = fromLittleEndian(destination);
    return [{ device, range: { first, last: first + (2 ** 32 - 1 - fromLittleEndian(mask)) } }];
  });
}

/** The kernel writes addresses as the machine holds them. */
function fromLittleEndian(hex: string): number {
  return Number.parseInt((hex.match(/../g) ?? []).reverse().join(""), 16);
}
