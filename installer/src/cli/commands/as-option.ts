import { Option } from "commander";

/** `--as`: a name for images of a layout or archive that have none. */
export function asOption(): Option {
  return new Option(
    "--as <name>",
    "what to call images of one --from oci:DIR or archive that have no name: corp/app:1.0 for one, corp/app for all that have a tag",
  );
}
