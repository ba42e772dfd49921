import { goodSecrets, type Texts } from "./old-tree.ts";

const encoded = (text: string): string => Buffer.from(text).toString("base64");

/** What `helm get values -o yaml` prints of a release with a database and a mail server elsewhere. Written by hand. */
export const oldValues = `global:
  edition: ee
  gateway:
    external: { domain: hub.corp.example, public: apps.corp.example }
    tls: { enabled: true, secretName: hub-tls }
  postgresql:
    enabled: false
    external: { host: db.corp.example, port: 6432, user: csghub, password: ${goodSecrets.database}, sslmode: prefer }
notifier:
  smtp: { host: mail.corp.example, port: 465, username: hub@corp.example, password: ${goodSecrets.mail} }
`;

/** What `helm get manifest` prints, cut down by hand to one object of each kind that is read. */
export const oldManifest = `---
apiVersion: v1
kind: ConfigMap
metadata: { name: csghub-core }
data:
  STARHUB_SERVER_PUBLIC_DOMAIN: "https://hub.corp.example"
  STARHUB_SERVER_PUBLIC_ROOT_DOMAIN: "apps.corp.example"
  STARHUB_SERVER_SSH_DOMAIN: "git@hub.corp.example"
  STARHUB_JWT_SIGNING_KEY: "${goodSecrets.jwt}"
---
apiVersion: v1
kind: ConfigMap
metadata: { name: csghub-gitaly }
data:
  config.toml: |
    [auth]
    token = "${goodSecrets.objects}"
    [gitlab]
    secret = "signing-key"
---
apiVersion: v1
kind: Secret
metadata: { name: csghub-minio }
data: { MINIO_ROOT_USER: ${encoded("minio")}, MINIO_ROOT_PASSWORD: ${encoded("m4Tz8QyK1pXc6RwB9sVd3LhF")} }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: csghub-minio }
spec:
  template:
    spec:
      containers:
        - { name: minio, image: "docker.io/minio/minio:RELEASE.2025-09-07T16-13-09Z", volumeMounts: [{ name: data, mountPath: /data }] }
  volumeClaimTemplates: [{ metadata: { name: data } }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: csghub-dataflow }
spec:
  template:
    spec:
      containers:
        - { name: dataflow, image: "docker.io/opencsghq/dataflow:v2.3.0-api", volumeMounts: [{ name: work, mountPath: /data/dataflow }] }
      volumes: [{ name: work, persistentVolumeClaim: { claimName: csghub-dataflow } }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: csghub-server }
spec:
  template:
    spec:
      containers:
        - name: server
          image: docker.io/opencsghq/csghub-server:v2.3.1-ee
          env: [{ name: STARHUB_SERVER_SENSITIVE_CHECK_ENABLE, value: "true" }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: csghub-casdoor }
spec: { template: { spec: { containers: [{ name: casdoor, image: "casbin/casdoor:3.62.0" }] } } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: csghub-temporal }
spec: { template: { spec: { containers: [{ name: temporal, image: "temporalio/auto-setup:1.29.7" }] } } }
`;

/** Both, as somebody saves them. */
export const oldRelease: Texts = { "values.yaml": oldValues, "manifest.yaml": oldManifest };
