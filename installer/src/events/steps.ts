/** A step of a run as people and programs that read events know it. */
export interface StepDefinition {
  /** Stable; events carry it. */
  readonly id: string;
  readonly title: string;
}

/** Every step there is. A run reports those it takes, in this order where they belong to one command. */
export const steps = {
  preflight: { id: "preflight", title: "Check requirements" },
  images: { id: "images", title: "Provide images" },
  secrets: { id: "secrets", title: "Make secrets" },
  files: { id: "files", title: "Write configuration" },
  volumes: { id: "volumes", title: "Make volumes" },
  start: { id: "start", title: "Start components" },
  verify: { id: "verify", title: "Prove every connection" },
  stop: { id: "stop", title: "Stop components" },
  restart: { id: "restart", title: "Restart components" },
  containers: { id: "containers", title: "Remove containers" },
  networks: { id: "networks", title: "Remove networks" },
  data: { id: "data", title: "Remove data" },
  build: { id: "images", title: "Build images" },
  lock: { id: "lock", title: "Resolve images" },
  gather: { id: "gather", title: "Find images" },
  sbom: { id: "sbom", title: "List the software in the images" },
  bundle: { id: "bundle", title: "Write the bundle" },
  flatten: { id: "bundle", title: "Write the full bundle" },
  load: { id: "load", title: "Load images" },
  repair: { id: "repair", title: "Repair the bundle" },
  verifyBundle: { id: "verify", title: "Verify the bundle" },
  rehearse: { id: "rehearse", title: "Rehearse on a second platform" },
  keep: { id: "keep", title: "Keep data and files as they are" },
  putBack: { id: "put-back", title: "Put data and files back as they were" },
  backup: { id: "backup", title: "Make the backup" },
  prove: { id: "prove", title: "Restore it to a scratch place and look through it" },
  checkBackups: { id: "check", title: "Check the backups" },
  restorePart: { id: "restore", title: "Bring back a part of the backup" },
  restore: { id: "restore", title: "Read the backup" },
  holdPushes: { id: "hold", title: "Have pushes wait" },
  cleanRegistry: { id: "clean", title: "Look for what no image names" },
  collect: { id: "collect", title: "Collect what helps" },
  scan: { id: "scan", title: "Look through the archive for secrets" },
  /** Its title names the target. */
  push: { id: "push", title: "Push" },
} as const satisfies Readonly<Record<string, StepDefinition>>;
