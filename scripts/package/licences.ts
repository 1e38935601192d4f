// `npm run licences`: what the package installs, by licence and as a CycloneDX software bill of materials, in build/. Both
// are made from the lock file and are part of the package, not of the repository.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface LockedPackage {
  readonly version: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const root = join(import.meta.dirname, "../..");
const build = join(root, "build");
/** Licences that the package's own Apache-2.0 and its users can live with; another one needs a decision of people. */
const accepted = /^\(?(MIT|MIT-0|ISC|0BSD|BlueOak-1\.0\.0|Unlicense|CC0-1\.0|Apache-2\.0|BSD-[23]-Clause|MPL-2\.0)\b/;
/** Packages whose licence has no SPDX name in their package.json. */
const named: Readonly<Record<string, string>> = { "dejavu-fonts-ttf": "Bitstream-Vera" };

const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};
const installed = Object.entries(lock.packages).filter(([path, { dev }]) => path !== "" && !dev);
mkdirSync(build, { recursive: true });
writeFileSync(join(build, "THIRD-PARTY-LICENCES.txt"), licences());
writeFileSync(join(build, "sbom.cdx.json"), billOfMaterials());
console.log(`${installed.length} packages: build/THIRD-PARTY-LICENCES.txt, build/sbom.cdx.json`);

/** Name, version, licence and the licence's own text of each package. */
function licences(): string {
  const refused: string[] = [];
  const sections = installed.map(([path, { version, license }]) => {
    const name = nameAt(path);
    const title = `${name} ${version}`;
    const files = licenceFiles(join(root, path));
    const licence = named[name] ?? license ?? declaredLicence(join(root, path)) ?? "";
    if (!(name in named || accepted.test(licence))) refused.push(`${title}: ${licence || "no licence"}`);
    return [`${"=".repeat(80)}\n${title}\n${licence}\n`, ...files].join("\n");
  });
  if (refused.length > 0) throw new Error(`licences that nobody has accepted:\n  ${refused.join("\n  ")}`);
  return `Consilium installs these packages, each under its own licence.\n\n${sections.join("\n")}`;
}

function licenceFiles(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter(
      (name) => /^(licen[cs]e|copying|notice)/i.test(name) && !name.endsWith(".js"),
    );
    return names.sort().map((name) => readFileSync(join(folder, name), "utf8").trimEnd());
  } catch {
    return []; // for another platform, and so not on this machine
  }
}

/** Older packages name it in their own package.json in a form that the lock file leaves out. */
function declaredLicence(folder: string): string | undefined {
  try {
    const { license, licenses } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return license?.type ?? licenses?.[0]?.type;
  } catch {
    return undefined;
  }
}

/** From the lock file: npm's own sbom command leaves out packages that development needs too. */
function billOfMaterials(): string {
  const { name, version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const components = installed.map(([path, { version, license, integrity, optional }]) => ({
    type: "library",
    "bom-ref": path,
    name: nameAt(path),
    version,
    purl: `pkg:npm/${nameAt(path).replace("@", "%40")}@${version}`,
    scope: optional ? "optional" : "required",
    ...licenceField(nameAt(path), license),
    ...(integrity ? { hashes: [{ alg: "SHA-512", content: sha512Hex(integrity) }] } : {}),
  }));
  const dependencies = [["", lock.packages[""] as LockedPackage] as const, ...installed].map(([path, each]) => ({
    ref: path || name,
    dependsOn: Object.keys({ ...each.dependencies, ...each.optionalDependencies })
      .map((dependency) => resolved(path, dependency))
      .filter((found) => found !== undefined),
  }));
  const component = { type: "application", "bom-ref": name, name, version, licenses: [{ license: { id: license } }] };
  const bom = {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: { component },
    components,
    dependencies,
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

/** An SPDX expression, or the name of a licence that SPDX does not have. */
function licenceField(name: string, license: string | undefined) {
  if (named[name] !== undefined) return { licenses: [{ license: { name: named[name] } }] };
  return license === undefined ? {} : { licenses: [{ expression: license }] };
}

function nameAt(path: string): string {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}

function sha512Hex(integrity: string): string {
  return Buffer.from(integrity.replace(/^sha512-/, ""), "base64").toString("hex");
}

/** The place of a package's dependency: the nearest node_modules above it that has one. */
function resolved(from: string, dependency: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    const place = `${folder === "" ? "" : `${folder}/`}node_modules/${dependency}`;
    if (lock.packages[place]) return place;
    if (folder === "") return undefined;
  }
}
