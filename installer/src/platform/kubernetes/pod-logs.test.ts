import { afterEach, describe, expect, it, vi } from "vitest";
import { type ClusterBed, openClusterBed } from "../../../test/stand-ins/api-server/cluster-bed.ts";
import type { ApiServerAnswering } from "../../../test/stand-ins/api-server/fake-api-server.ts";

const web = { namespace: "demo", pod: "web-0", container: "web" };

let bed: ClusterBed;

afterEach(() => bed.close());

/** A container that has printed this; what it prints later comes from `later`. */
async function printing(text: string, later?: (print: (text: string) => void, end: () => void) => void): Promise<void> {
  const answer: ApiServerAnswering = ({ path, query }, response) => {
    if (!path.endsWith("/log")) return undefined;
    if (query.get("follow") !== "true") return { body: text };
    response.writeHead(200, { "content-type": "text/plain" });
    response.write(text);
    later?.(
      (more) => void response.write(more),
      () => void response.end(),
    );
    return "answered";
  };
  bed = await openClusterBed({ answer });
}

describe("the log of a container", () => {
  it("comes in lines, as many and from when it is wanted", async () => {
    await printing("one\ntwö\r\nthree\n");

    const lines = await bed.cluster.logs(web, { tail: 10, since: "1h30m", previous: true });
    await bed.cluster.logs(web, { tail: -1, since: "2026-11-21T10:00:00Z" });

    expect(lines).toEqual(["one", "twö", "three"]);
    const [first, second] = bed.server.requests;
    expect(first?.path).toBe("/api/v1/namespaces/demo/pods/web-0/log");
    expect(first?.query.toString()).toBe("container=web&previous=true&tailLines=10&sinceSeconds=5400");
    expect(second?.query.toString()).toBe("container=web&sinceTime=2026-11-21T10%3A00%3A00.000Z");
  });

  it("is handed over line by line", async () => {
    await printing("one\ntwö\r\nthree");
    const lines: string[] = [];

    await bed.cluster.readLogs(web, {
      ...{ tail: -1, since: "24h", signal: new AbortController().signal },
      onLine: (line) => void lines.push(line),
    });

    expect(lines).toEqual(["one", "twö", "three"]);
    expect(bed.server.requests[0]?.query.toString()).toBe("container=web&sinceSeconds=86400");
  });

  it("is empty when nothing was printed", async () => {
    await printing("");

    await expect(bed.cluster.logs(web, { tail: -1 })).resolves.toEqual([]);
  });

  it("is not read from what is no time", async () => {
    await printing("");

    await expect(bed.cluster.logs(web, { tail: -1, since: "soon" })).rejects.toMatchObject({ code: "USAGE" });
  });

  it("is followed until the container ends", async () => {
    await printing("one\nt", (print, end) => {
      print("wo\nthree");
      end();
    });
    const lines: string[] = [];

    await bed.cluster.followLogs(web, {
      tail: -1,
      signal: new AbortController().signal,
      onLine: (line) => void lines.push(line),
    });

    expect(lines).toEqual(["one", "two", "three"]);
  });

  it("is followed until nobody wants it any more", async () => {
    await printing("one\n");
    const stop = new AbortController();
    const lines: string[] = [];

    const followed = bed.cluster.followLogs(web, {
      tail: -1,
      signal: stop.signal,
      onLine: (line) => void lines.push(line),
    });
    await vi.waitFor(() => expect(lines).toEqual(["one"]), { timeout: 20_000 });
    stop.abort();

    await expect(followed).resolves.toBeUndefined();
  });

  it("says when the connection broke", async () => {
    await printing("one\n", () => setTimeout(() => bed.server.hangUp(), 20));

    await expect(
      bed.cluster.followLogs(web, { tail: -1, signal: new AbortController().signal, onLine: () => undefined }),
    ).rejects.toMatchObject({ code: "APPLY_FAILED", message: expect.stringContaining("broke") as string });
  });
});
