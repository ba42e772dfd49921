import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Long and random: nothing speaks against such a value. Made for these tests. */
export const goodSecrets = {
  database: "n7Qp2xV9kD4sLr8TzW3mBy6H",
  objects: "Zr5hJ1cX8uN3gWq7PfTe2YvA",
  jwt: "b1Lk9XoR4mC7wE2tUqZs6GnJ",
  mail: "h8Vf3PdK6yQ1xS9aRjMw4ZbN",
};

/**
 * The vendor's `.env`, written by hand: its names and shapes, with an address and secrets that somebody chose. Two secrets are left as they came.
 */
export function oldVariables(changes: Readonly<Record<string, string>> = {}): string {
  const variables = {
    CSGHUB_IMAGE_PREFIX: '"registry.corp.example/opencsg_public"',
    CSGHUB_VERSION: '"v1.7.0-ce"',
    SERVER_DOMAIN: '"hub.corp.example"',
    SERVER_PORT: '"8080" # not 80, which is taken',
    SERVER_PROTOCOL: "http",
    CSGHUB_DATA_DIR: '"./data"',
    GIT_SSH_PORT: "2222",
    PUBLIC_ROOT_DOMAIN: '"public.example.com"',
    POSTGRES_ENABLED: "1",
    POSTGRES_USER: '"postgres"',
    POSTGRES_PASSWORD: `"${goodSecrets.database}"`,
    POSTGRES_HOST: '"postgres"',
    REGISTRY_ENABLED: "1",
    REGISTRY_PORT: "5000",
    REGISTRY_ADDRESS: '"${SERVER_DOMAIN}:${REGISTRY_PORT}"',
    REGISTRY_USERNAME: '"registry"',
    REGISTRY_PASSWORD: "'Zk8-vq2-Xw'",
    MINIO_ENABLED: "1",
    MINIO_ENDPOINT: '"${SERVER_DOMAIN}:9000"',
    MINIO_ROOT_USER: '"minio"',
    MINIO_ROOT_PASSWORD: `"${goodSecrets.objects}"`,
    GITALY_ENABLED: "1",
    GITALY_SERVER_SOCKET: '"tcp://gitaly:8075"',
    GITALY_AUTH_TOKEN: '"signing-key"',
    NATS_ROOT_USER: '"natsadmin"',
    NATS_ROOT_PASSWORD: '"Summer@2025!"',
    STARHUB_JWT_SIGNING_KEY: `"${goodSecrets.jwt}"`,
    HUB_SERVER_API_TOKEN: '"3141592653589793238462643383279502884197"',
    ...changes,
  };
  const lines = Object.entries(variables).map(([key, value]) => `${key}=${value}`);
  return `# Settings of the old installation\n\n${lines.join("\n")}\n`;
}

/** The vendor's Compose file, cut down by hand to what says something. */
export const oldCompose = `services:
  nginx:
    image: \${CSGHUB_IMAGE_PREFIX}/nginx:latest
    volumes: ["./configs/nginx/nginx.conf:/etc/nginx/nginx.conf:r"]
  redis:
    image: \${CSGHUB_IMAGE_PREFIX}/redis:7.2.5
    volumes: ["\${CSGHUB_DATA_DIR:-./data}/redis:/data"]
  postgres:
    image: \${CSGHUB_IMAGE_PREFIX}/csghub/postgres:15.10
    environment: { POSTGRES_PASSWORD: "$POSTGRES_PASSWORD" }
    volumes: ["\${CSGHUB_DATA_DIR:-./data}/postgresql/data:/var/lib/postgresql/data"]
  minio:
    image: \${CSGHUB_IMAGE_PREFIX}/bitnami/minio:2025
    volumes: ["\${CSGHUB_DATA_DIR:-./data}/minio:/bitnami/minio/data"]
  gitaly:
    image: \${CSGHUB_IMAGE_PREFIX}/gitaly:v17.5.0
    volumes:
      - type: bind
        source: \${CSGHUB_DATA_DIR:-./data}/gitaly/repositories
        target: /home/git/repositories
      - ./configs/gitaly:/etc/gitaly
  casdoor:
    image: \${CSGHUB_IMAGE_PREFIX}/casbin/casdoor:v1.799.0
  temporal:
    image: \${CSGHUB_IMAGE_PREFIX}/temporalio/auto-setup:1.25.1
  csghub-server:
    image: \${CSGHUB_IMAGE_PREFIX}/csghub_server:\${CSGHUB_VERSION}
    environment:
      STARHUB_SERVER_GITALY_TOKEN: "$GITALY_AUTH_TOKEN"
      STARHUB_SERVER_S3_BUCKET: opencsg-server-lfs
      STARHUB_SERVER_SPACE_SESSION_SECRET_KEY: casdoor
  csghub-mirror:
    image: \${CSGHUB_IMAGE_PREFIX}/csghub_server:\${CSGHUB_VERSION}
    environment: ["STARHUB_SERVER_GITALY_JWT_SECRET=signing-key"]
`;

/** Texts by their names below a folder. */
export type Texts = Readonly<Record<string, string>>;

/** Everything that is read of such a tree. */
export function oldTree(changes: Readonly<Record<string, string>> = {}): Texts {
  return {
    ".env": oldVariables(changes),
    "docker-compose.yml": oldCompose,
    "configs/gitlab-shell/config.yml": 'user: git\nsecret: "signing-key"\n',
  };
}

/** Puts texts into a new folder. */
export function writeTexts(folder: string, texts: Texts): void {
  for (const [name, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** Puts the whole tree into a new folder. */
export function writeOldTree(folder: string): void {
  writeTexts(folder, oldTree());
}
