// Writes docs/configuration.md: node scripts/checks/write-configuration.ts (--check only says whether it is as it must be).
import { readFileSync, writeFileSync } from "node:fs";
import { configurationPage } from "./configuration/page.ts";

const file = new URL("../../docs/configuration.md", import.meta.url);
const page = configurationPage();
if (!process.argv.includes("--check")) writeFileSync(file, page);
else if (readFileSync(file, "utf8") !== page) {
  console.log(
    "docs/configuration.md is not what the schemas make: node scripts/checks/write-configuration.ts writes it",
  );
  process.exitCode = 1;
}
