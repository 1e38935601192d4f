// Name and version, for manifests and --version.
import { readFileSync } from "node:fs";

const { version: read } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

/** The version of this software, as package.json has it. */
export const version = read;
export const software = `consilium ${read}`;
