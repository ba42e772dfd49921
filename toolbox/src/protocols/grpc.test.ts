import { setTimeout as delay } from "node:timers/promises";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { grpcCode, openGrpc } from "./grpc.ts";

const definitions = {
  nested: {
    Numbers: { methods: { Sum: { requestType: "One", requestStream: true, responseType: "One" } } },
    One: { fields: { value: { type: "int32", id: 1 } } },
  },
};
const cancelled = 1;

let server: grpc.Server;
let address: string;

beforeAll(async () => {
  server = new grpc.Server();
  const asBytes = {
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  const service = { Sum: { path: "/Numbers/Sum", requestStream: true, responseStream: false, ...asBytes } };
  // It takes messages and never answers.
  server.addService(service, { Sum: (call: NodeJS.ReadableStream) => call.resume() });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  address = `127.0.0.1:${port}`;
});

afterAll(() => server.forceShutdown());

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

describe("an upload", () => {
  it("that is ended while its next message is being read fails for its caller and for nobody else", async () => {
    const channel = await openGrpc({ address, definitions });
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    const ending = new AbortController();
    const messages = async function* () {
      yield { value: 1 };
      ending.abort();
      // As long as a disk takes.
      await delay(100);
      yield { value: 2 };
    };

    const failure: unknown = await channel
      .upload("Numbers", "Sum", messages(), { signal: ending.signal })
      .catch((error: unknown) => error);

    process.off("unhandledRejection", note);
    channel.close();
    expect(grpcCode(failure)).toBe(cancelled);
    expect(unhandled).toEqual([]);
  });
});
