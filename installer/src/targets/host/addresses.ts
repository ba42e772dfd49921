/** IPv4 addresses of the host itself, out of /proc/net/fib_trie. */
export function parseLocalIpv4(text: string): readonly string[] {
  const found = new Set<string>();
  let last: string | undefined;
  for (const line of text.split("\n")) {
    const address = /\|-- ([0-9.]+)$/.exec(line)?.[1];
    if (address !== undefined) last = address;
    else if (line.includes("/32 host LOCAL") && last !== undefined) found.add(last);
  }
  return [...found];
}

/** IPv6 addresses of the host itself, out of /proc/net/if_inet6, without leading zeros in their groups. */
export function parseLocalIpv6(text: string): readonly string[] {
  return text.split("\n").flatMap((line) => {
    const hex = /^([0-9a-f]{32}) /.exec(line)?.[1];
    if (hex === undefined) return [];
    return [(hex.match(/.{4}/g) ?? []).map((group) => group.replace(/^0{1,3}/, "")).join(":")];
  });
}

/** Inodes of sockets that listen on a TCP port, out of /proc/net/tcp or tcp6. */
export function listeningInodes(text: string, port: number): readonly string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return text.split("\n").flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const listens = fields[3] === "0A" && fields[1]?.endsWith(`:${wanted}`) === true;
    return listens && fields[9] !== undefined ? [fields[9]] : [];
  });
}
