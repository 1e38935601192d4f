// docs/errors.md, written from the table of codes, so that it lists every code that the program can show.
import { type ErrorKind, errorKinds } from "../../foundation/errors/kinds.ts";
import { errorTable } from "../../foundation/errors/table.ts";

const head = `# Errors

Written by \`node scripts/checks/write-errors.ts\` from \`foundation/errors/\`: change it there.

Every error has a code, facts and a remedy. The code is stable and is what programs act on (\`--json\` prints it); the
wording is not. A remedy in this list is the default: where the program knows more, it prints a more specific one. Facts never
hold patient identifiers, keys or credentials.
`;

export function errorsPage(): string {
  const sections = Object.entries(errorKinds).map(([kind, about]) => {
    const rows = Object.entries(errorTable)
      .filter(([, entry]) => entry.kind === (kind as ErrorKind))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([code, { remedy }]) => `| \`${code}\` | ${remedy} |`);
    return `\n## ${kind}\n\n${about}.\n\n| code | what to do |\n|---|---|\n${rows.join("\n")}\n`;
  });
  return head + sections.join("");
}
