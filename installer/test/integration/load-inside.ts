// Loads two small images into the engine of the environment and prints the outcome: run where the engine's loopback is ours.
import { loadImages } from "../../src/actions/bundle/load-images.ts";
import { realPorts } from "../support/real-ports.ts";
import { startHttpServer } from "../../src/platform/http-server.ts";
import { ContentStore } from "./content-store.ts";

const store = new ContentStore();
const images = ["one", "two"].map((name, index) => {
  const { manifest, config } = store.image(
    [
      ["shared", "the same in both"],
      [name, `only in ${name}`],
    ],
    index === 0,
  );
  return { reference: `docker.io/slipway-load-test/${name}:1`, manifest, ids: [config, manifest.digest] };
});
const outcome = await loadImages(images, store.content, {
  ...realPorts(process.env),
  environment: process.env,
  report: () => undefined,
  signal: new AbortController().signal,
  startHttpServer,
});
process.stdout.write(JSON.stringify(outcome));
