import type { ConnectionOptions, TLSSocket } from "node:tls";
import { connect } from "node:tls";
import type { TlsWire } from "../contract.generated.ts";
import { ToolboxError } from "../errors.ts";
import { type Trust, trustIn } from "../trust.ts";
import type { WireCheck, WireContext } from "./wire-check.ts";

const leastDaysLeft = 30;

export const tlsCheck: WireCheck<TlsWire> = {
  address: (wire) => `${wire.host}:${wire.port} (${wire.servername})`,
  expectation: (wire) =>
    `a chain to our CA for ${wire.servername}, TLS 1.2 or newer only, valid for more than ${leastDaysLeft} days`,
  prove: proveTls,
};

async function proveTls(wire: TlsWire, context: WireContext): Promise<void> {
  const trust = await trustIn(wire.caFile);
  // Node checks chain, validity and name; a failure carries OpenSSL's code
  const socket = await handshake(wire, { ...trust, minVersion: "TLSv1.2" }, context);
  const protocol = socket.getProtocol();
  const certificate = socket.getPeerCertificate();
  const days = Math.floor((Date.parse(certificate.valid_to) - Date.now()) / 86_400_000);
  context.note(`${protocol ?? "unknown protocol"}, chain and name are right, ${days} days left`);
  if (days <= leastDaysLeft) {
    throw new ToolboxError(`the certificate ends in ${days} days, on ${certificate.valid_to}`, {
      advice: "run the installer again, it renews its own certificates 30 days before their end",
    });
  }
  await proveOldRefused(wire, trust, context);
}

async function proveOldRefused(wire: TlsWire, trust: Trust, context: WireContext): Promise<void> {
  let socket: TLSSocket;
  try {
    // security level 0: else this side would already refuse to speak so old a version
    const old = { ...trust, minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    socket = await handshake(wire, old, context);
  } catch {
    context.note("older versions are refused");
    return;
  }
  throw new ToolboxError(`the server speaks ${socket.getProtocol() ?? "an old version"}`, {
    advice: "look at ssl_protocols of the gateway: nothing below TLS 1.2",
  });
}

async function handshake(wire: TlsWire, options: ConnectionOptions, context: WireContext): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: wire.host,
      port: Number(wire.port),
      servername: wire.servername,
      ...options,
    });
    context.atEnd(() => {
      socket.destroy();
    });
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
    socket.setTimeout(8000, () => socket.destroy(new ToolboxError("the TLS handshake timed out")));
  });
}
