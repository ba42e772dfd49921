/**
 * Whether this host, as a URL has it, is this machine itself: `localhost` and what is below it, 127.0.0.0/8, `[::1]`, and
 * 127.0.0.0/8 written as IPv6 (`[::ffff:7f00:1]`).
 */
export function isLoopback(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  return /^((.+\.)?localhost|127(\.\d{1,3}){3}|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\])$/.test(name);
}
