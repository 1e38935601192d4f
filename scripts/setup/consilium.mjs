#!/usr/bin/env node
// `npx consilium …`. In a checkout it is `npm run consilium -- …`, which sets up what is missing; in an installed package,
// which has no lock file, it is the command line that was built.
import { existsSync } from "node:fs";

if (existsSync(new URL("../../package-lock.json", import.meta.url))) {
  process.argv.splice(2, 0, "consilium");
  await import("./bootstrap.mjs");
} else await import(new URL("../../build/scripts/setup/installed.mjs", import.meta.url).href); // not there in a checkout
