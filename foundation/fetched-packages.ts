// Packages that only some commands need, and that are too large to be installed with the others: TensorFlow (280 MB),
// Hardhat (60 MB) and the OpenTelemetry SDK (30 MB). In a checkout they lie in node_modules; beside an installed package `consilium fetch` puts them into the
// user's cache, or an administrator's into one place for all users. They are looked for here.
import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { FedError } from "./errors.ts";

interface FetchedPackage {
  readonly name: string;
  /** Exactly this version is fetched; the same as in package.json. */
  readonly version: string;
  /** A file of the package that is there only once it can be used. */
  readonly proof: string;
}

export const fetchedPackages = {
  tensorflow: { name: "@tensorflow/tfjs-node-gpu", version: "4.22.0", proof: "lib/napi-v8/tfjs_binding.node" },
  hardhat: { name: "hardhat", version: "3.17.0", proof: "package.json" },
  opentelemetry: { name: "@opentelemetry/exporter-metrics-otlp-http", version: "0.301.0", proof: "package.json" },
} as const satisfies Readonly<Record<string, FetchedPackage>>;

/** What a command may need beyond what is installed. @useDeclaredType */
export type Need = keyof typeof fetchedPackages;

export const needs = Object.keys(fetchedPackages) as Need[];

/** The folder that `consilium fetch` fills: its node_modules holds the packages of the need. */
export function fetchedFolder(need: Need): string {
  const { CONSILIUM_CACHE, XDG_CACHE_HOME } = process.env;
  // Empty is unset (XDG base directories). Absolute, since links in it would point elsewhere from another folder.
  const cache = resolve(CONSILIUM_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "consilium"));
  return join(cache, `${need}-${fetchedPackages[need].version}`);
}

/**
 * The same for all users of a machine: an administrator's `consilium fetch` fills it (scripts/setup/step.mjs). Code is taken
 * from it only if nobody else can write there.
 */
function sharedFolder(need: Need): string | undefined {
  const shared = process.env["CONSILIUM_SHARED"] || "/usr/local/lib/consilium";
  const found = statSync(shared, { throwIfNoEntry: false });
  const isTrusted = found && (found.uid === 0 || found.uid === process.getuid?.()) && (found.mode & 0o022) === 0;
  return isTrusted ? join(shared, `${need}-${fetchedPackages[need].version}`) : undefined;
}

/** Whether the need's package is there and can be used. */
export function hasFetched(need: Need): boolean {
  return foundFolder(need) !== undefined;
}

/**
 * A `require` that finds the need's package.
 * @throws PACKAGE_MISSING
 */
export function requireFetched(need: Need): NodeJS.Require {
  const folder = foundFolder(need);
  if (folder !== undefined) return createRequire(join(folder, "any.js"));
  const { name, version } = fetchedPackages[need];
  throw new FedError("PACKAGE_MISSING", { name, version }, { remedy: `run consilium fetch ${need}, then this again` });
}

/** The folder whose node_modules holds the package: one above this program, the user's cache, or the place for all users. */
export function foundFolder(need: Need): string | undefined {
  const { name, proof } = fetchedPackages[need];
  const above = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const shared = sharedFolder(need);
  return [...above.map(dirname), fetchedFolder(need), ...(shared ? [shared] : [])].find((folder) =>
    existsSync(join(folder, "node_modules", name, proof)),
  );
}
