import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { EngineCall, EngineClient } from "./engine-client.ts";
import { exportCalls, fromImageInspect } from "./image-export.ts";

const signal = new AbortController().signal;

/** A client that answers everything alike and remembers what it was asked. */
function fakeClient(statusCode: number, body: string) {
  const asked: { readonly path: string; readonly call?: EngineCall | undefined }[] = [];
  const stream = (path: string, call?: EngineCall): Promise<IncomingMessage> => {
    asked.push({ path, call });
    return Promise.resolve(
      Object.assign(Readable.from([Buffer.from(body)]), { statusCode }) as unknown as IncomingMessage,
    );
  };
  return { asked, calls: exportCalls({ stream } as unknown as EngineClient) };
}

describe("exportImages", () => {
  it("asks for all images in one request, by the names the engine knows them under", async () => {
    const { asked, calls } = fakeClient(200, "");

    await calls.exportImages(["docker.io/slipway/nats:1", "corp.example:5000/a/b:2"], signal);

    expect(asked).toEqual([
      { path: "/images/get?names=slipway%2Fnats%3A1&names=corp.example%3A5000%2Fa%2Fb%3A2", call: { signal } },
    ]);
  });
});

describe("imageDetails", () => {
  it("is undefined for an image that is not there", async () => {
    const { asked, calls } = fakeClient(404, '{"message": "No such image"}');

    await expect(calls.imageDetails("docker.io/library/redis")).resolves.toBeUndefined();
    expect(asked[0]?.path).toBe("/images/redis:latest/json");
  });

  it("says id, layers and platform in our words", async () => {
    const { calls } = fakeClient(
      200,
      JSON.stringify({
        Id: "sha256:1",
        Os: "linux",
        Architecture: "arm64",
        Variant: "v8",
        Size: 5,
        RootFS: { Layers: ["sha256:2"] },
      }),
    );

    await expect(calls.imageDetails("a:1")).resolves.toEqual({
      id: "sha256:1",
      layers: ["sha256:2"],
      os: "linux",
      architecture: "arm64",
      variant: "v8",
      size: 5,
      tags: [],
      digests: [],
    });
  });

  it("leaves an empty variant out", () => {
    expect(fromImageInspect({ Id: "sha256:1", Variant: "" })).not.toHaveProperty("variant");
  });
});
