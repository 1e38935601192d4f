import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import {
  fetchedFolder,
  fetchedPackages,
  hasFetched,
  needs,
  requireFetched,
} from "../../foundation/fetched-packages.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));

describe("packages that are fetched at first need", () => {
  for (const need of needs) {
    it(`${need} is fetched in the version that a checkout has`, () => {
      const { name, version } = fetchedPackages[need];
      const folder = `scripts/setup/needs/${need}`;
      const { devDependencies } = read("package.json");
      const { dependencies } = read(`${folder}/package.json`);
      const { packages } = read(`${folder}/package-lock.json`);
      expect(devDependencies).to.include(dependencies);
      expect([dependencies[name], packages[`node_modules/${name}`].version]).to.deep.equal([version, version]);
    });

    it(`${need} is found in a checkout`, () => {
      expect(hasFetched(need)).to.equal(true);
      expect(requireFetched(need).resolve(fetchedPackages[need].name)).to.include(root);
    });
  }

  it("are kept in CONSILIUM_CACHE, a folder for each need and version", () => {
    const { CONSILIUM_CACHE } = process.env;
    try {
      process.env["CONSILIUM_CACHE"] = join("/var", "cache", "consilium");
      expect(fetchedFolder("hardhat")).to.equal(
        join("/var", "cache", "consilium", `hardhat-${fetchedPackages.hardhat.version}`),
      );
    } finally {
      if (CONSILIUM_CACHE === undefined) delete process.env["CONSILIUM_CACHE"];
      else process.env["CONSILIUM_CACHE"] = CONSILIUM_CACHE;
    }
  });

  it("are missing, with the command that fetches them, to a program that has neither node_modules nor a cache", async () => {
    const dir = mkdtempSync(join(tmpdir(), "consilium-fetched-"));
    const { CONSILIUM_CACHE } = process.env;
    try {
      process.env["CONSILIUM_CACHE"] = dir;
      cpSync(join(root, "foundation"), join(dir, "foundation"), { recursive: true });
      const copy: typeof import("../../foundation/fetched-packages.ts") = await import(
        join(dir, "foundation", "fetched-packages.ts")
      );
      expect(copy.hasFetched("tensorflow")).to.equal(false);
      expect(() => copy.requireFetched("tensorflow"))
        .to.throw()
        .with.property("code", "PACKAGE_MISSING");
      const binding = join(copy.fetchedFolder("tensorflow"), "node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8");
      mkdirSync(binding, { recursive: true });
      expect(copy.hasFetched("tensorflow")).to.equal(false); // the package alone, without its compiled binding
      writeFileSync(join(binding, "tfjs_binding.node"), "");
      expect(copy.hasFetched("tensorflow")).to.equal(true);
      // In the place for all users it counts only where nobody else can write.
      const shared = join(dir, "shared");
      process.env["CONSILIUM_SHARED"] = shared;
      mkdirSync(join(shared, `hardhat-${copy.fetchedPackages.hardhat.version}`, "node_modules/hardhat"), {
        recursive: true,
      });
      writeFileSync(
        join(shared, `hardhat-${copy.fetchedPackages.hardhat.version}`, "node_modules/hardhat/package.json"),
        "",
      );
      for (const [mode, found] of [
        [0o755, true],
        [0o775, false],
        [0o757, false],
      ] as const) {
        chmodSync(shared, mode);
        expect(copy.hasFetched("hardhat"), mode.toString(8)).to.equal(found);
      }
    } finally {
      if (CONSILIUM_CACHE === undefined) delete process.env["CONSILIUM_CACHE"];
      else process.env["CONSILIUM_CACHE"] = CONSILIUM_CACHE;
      delete process.env["CONSILIUM_SHARED"];
      rmSync(dir, { recursive: true });
    }
  });
});
