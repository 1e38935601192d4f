// The page by which operators find what they see: it knows every warning of the log, and names nothing that is not there.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { errorTable } from "../foundation/errors/table.ts";

const root = join(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs/troubleshooting.md"), "utf8");
const sources = ["party", "node", "aggregator", "io"].flatMap((room) =>
  readdirSync(join(root, room), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(root, room, name), "utf8")),
);

describe("troubleshooting by symptom", () => {
  it("has every line that a node's log can have at the level of warning or above", () => {
    const warned = sources.flatMap((text) =>
      [...text.matchAll(/\.(?:warn|error)\(\s*"([a-z-]+)"/g)].map(([, name]) => name),
    );
    expect(warned.length).to.be.greaterThan(20);
    for (const name of new Set(warned)) expect(page, name).to.include(`\`${name}\``);
  });

  it("names only events, lines and error codes that exist", () => {
    const all = sources.join("\n");
    for (const [, name = ""] of page.matchAll(/(?:event|log)(?: and log)? `([a-z-]+)`/g))
      expect(all, name).to.include(`"${name}"`);
    const isVariable = (name: string) => /^CONSILIUM_|_PROXY$/.test(name);
    for (const [, code = ""] of page.matchAll(/`([A-Z]+(?:_[A-Z]+)+)/g))
      if (!isVariable(code)) expect(Object.keys(errorTable), code).to.include(code);
  });
});
