// `npm run licences`: what the package installs, by licence and as a CycloneDX software bill of materials, in build/. Both
// are made from the lock file and are part of the package, not of the repository.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface LockedPackage {
  readonly version: string;
  readonly license?: string;
  readonly dev?: boolean;
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
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
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

/** npm's own, without what differs between machines. */
function billOfMaterials(): string {
  const args = ["sbom", "--sbom-format=cyclonedx", "--package-lock-only", "--omit=dev"];
  const { status, stdout, stderr } = spawnSync("npm", args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`npm sbom failed: ${stderr}`);
  const { serialNumber: _, ...bom } = JSON.parse(stdout);
  const { timestamp: __, ...metadata } = bom.metadata;
  const component = { ...metadata.component, name: "consilium" };
  return `${JSON.stringify({ ...bom, metadata: { ...metadata, component } }, null, 2)}\n`;
}
