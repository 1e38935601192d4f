#!/usr/bin/env node
// `npx consilium …` and `./node_modules/.bin/consilium …`: the same as `npm run consilium -- …`.
process.argv.splice(2, 0, "consilium");
await import("./bootstrap.mjs");
