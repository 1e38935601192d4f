#!/usr/bin/env node
// `npx consilium …`. In a checkout it is `npm run consilium -- …`, which sets up what is missing; in an installed package,
// which has no lock file, it is the command line that was built.
import { existsSync } from "node:fs";

const built = new URL("../../build/scripts/setup/installed.mjs", import.meta.url);
if (existsSync(new URL("../../package-lock.json", import.meta.url))) {
  process.argv.splice(2, 0, "consilium");
  await import("./bootstrap.mjs");
} else if (existsSync(built)) await import(built.href);
else {
  console.error("this package was packed without its build\n  in the checkout: npm run pack, which builds first");
  process.exit(1);
}
