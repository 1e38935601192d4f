// A finding as a person reads it: green, yellow or red, with the remedy beneath.
import pc from "picocolors";
import type { Finding } from "./finding.ts";

const signs = { good: pc.green("good"), note: pc.yellow("note"), bad: pc.red("bad ") } as const;

export function line({ check, state, text, remedy }: Finding): string {
  const found = `${signs[state]}  ${check}: ${text}`;
  return remedy === undefined ? found : `${found}\n      ${remedy}`;
}
