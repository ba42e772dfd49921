import { randomBytes } from "node:crypto";
import type { NatsConnection } from "@nats-io/transport-node";
import type { NatsWire } from "../contract.generated.ts";
import { errorText, NotRefusedError, ToolboxError } from "../errors.ts";
import type { WireCheck, WireContext } from "./wire-check.ts";

export const natsCheck: WireCheck<NatsWire> = {
  address: (wire) => wire.url,
  expectation: () =>
    "publishes to and consumes from a JetStream stream, and is refused without or with a wrong password",
  prove: proveNats,
};

async function openNats(
  wire: NatsWire,
  login: { readonly user?: string; readonly pass?: string },
  context: WireContext,
): Promise<NatsConnection> {
  const { connect } = await import("@nats-io/transport-node");
  const connection = await connect({
    servers: [wire.url],
    timeout: 8000,
    reconnect: false,
    ignoreClusterUpdates: true,
    name: "slipway-verify",
    ...login,
  });
  context.atEnd(() => connection.close());
  return connection;
}

async function proveNats(wire: NatsWire, context: WireContext): Promise<void> {
  const connection = await openNats(wire, { user: wire.user, pass: wire.password }, context);
  context.note(`logged in, server ${connection.info?.version ?? "unknown"}`);
  await proveStream(wire, connection, context);
  await proveRefused(wire, {}, "without a password", context);
  const wrong = { user: wire.user, pass: `${randomBytes(12).toString("hex")}-wrong` };
  await proveRefused(wire, wrong, "with a wrong password", context);
}

async function proveStream(wire: NatsWire, connection: NatsConnection, context: WireContext): Promise<void> {
  const { jetstream, jetstreamManager, AckPolicy, StorageType } = await import("@nats-io/jetstream");
  const manager = await jetstreamManager(connection, { timeout: 8000 });
  const stream = `${wire.stream ?? "slipway-verify"}-${randomBytes(8).toString("hex")}`;
  const subject = `slipway.verify.${randomBytes(8).toString("hex")}`;
  await manager.streams.add({
    name: stream,
    subjects: [subject],
    storage: StorageType.Memory,
    num_replicas: 1,
    max_msgs: 10,
    max_bytes: 65_536,
    // gone by itself if this program is killed
    max_age: 60_000_000_000,
  });
  context.atEnd(async () => {
    if (!connection.isClosed()) await manager.streams.delete(stream).catch(() => undefined);
  });
  const text = randomBytes(16).toString("hex");
  const js = jetstream(connection, { timeout: 8000 });
  const published = await js.publish(subject, text);
  context.note(`published message ${published.seq} to a memory stream`);
  await manager.consumers.add(stream, { durable_name: "verify", ack_policy: AckPolicy.Explicit });
  const consumer = await js.consumers.get(stream, "verify");
  const message = await consumer.next({ expires: 5000 });
  if (message?.string() !== text) throw new ToolboxError("the message just published was not delivered");
  if (!(await message.ackAck())) throw new ToolboxError("the acknowledgement was not taken");
  const info = await manager.consumers.info(stream, "verify");
  if (info.num_ack_pending !== 0 || info.ack_floor.stream_seq !== published.seq) {
    throw new ToolboxError("the server still waits for the acknowledgement");
  }
  await manager.streams.delete(stream);
  context.note("consumed and acknowledged it, deleted the stream");
}

async function proveRefused(
  wire: NatsWire,
  login: { readonly user?: string; readonly pass?: string },
  how: string,
  context: WireContext,
): Promise<void> {
  try {
    await openNats(wire, login, context);
  } catch (error) {
    const said = errorText(error);
    if (!/authorization|authentication/i.test(said)) {
      throw new ToolboxError(`${how}, the connection failed, but not by a refusal: ${said}`, { cause: error });
    }
    context.note(`refused ${how}`);
    return;
  }
  throw new NotRefusedError(
    `the server lets in ${how}`,
    "anybody may connect: look at `authorization` and `no_auth_user` in the server's configuration",
  );
}
