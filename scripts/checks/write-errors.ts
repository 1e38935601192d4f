// Writes docs/errors.md: node scripts/checks/write-errors.ts
import { writeFileSync } from "node:fs";
import { errorsPage } from "./errors-page.ts";

writeFileSync(new URL("../../docs/errors.md", import.meta.url), errorsPage());
