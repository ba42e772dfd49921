import { UsageError } from "../../errors/installer-error.ts";
import type { Plan } from "../../plan/model.ts";

/**
 * Refuses a plan whose data is to lie in a directory of a host, for the pods of a cluster have none of their own, or of which a part can be
 * on one host alone.
 * @throws UsageError
 */
export function acceptPlaces({ components }: Plan): void {
  const alone = components.find(({ onlyOnOneHost }) => onlyOnOneHost !== undefined);
  if (alone !== undefined) {
    throw new UsageError(`${alone.onlyOnOneHost ?? ""} is true, and on a cluster there is no ${alone.title.en} yet`, {
      hint: `leave it out: --set ${alone.onlyOnOneHost ?? ""}=false; backups are made all the same`,
    });
  }
  const [found] = components.flatMap(({ id, volumes }) =>
    volumes.flatMap(({ directory }) => (directory === undefined ? [] : [{ id, directory }])),
  );
  if (found === undefined) return;
  const { id, directory } = found;
  throw new UsageError(`${id}.directory is ${directory}, a directory of one host, and pods have none`, {
    hint: `make a PersistentVolumeClaim in the namespace, and name it in its place: --set ${id}.directory= --set ${id}.claim=NAME; a restore takes it as --from claim:NAME`,
  });
}
