// Every command in the documents exists, with the options that it is shown with: a reader can copy any line.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { Command } from "commander";
import { commands } from "../scripts/commands.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const pages = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"],
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };
const program = new Command("consilium");

/** The options and commands that a command's help lists. @param words of the command and its own command; none for all */
function helpOf(words: string): string {
  const command = words
    .split(" ")
    .filter(Boolean)
    .reduce((parent, word) => parent.commands.find((each) => each.name() === word) ?? parent, program);
  return command.helpInformation();
}

/** Commands in fenced blocks and in `code`, without comments and prompts. */
function commandsIn(page: string): string[] {
  const text = readFileSync(join(root, page), "utf8");
  const blocks = [...text.matchAll(/```(?:sh|bash|console)?\n([\s\S]*?)```/g)].flatMap(([, block = ""]) =>
    block.replaceAll(/\\\n\s*/g, " ").split("\n"),
  );
  const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
  return (
    [...blocks, ...spans]
      .map((line) =>
        line
          .replace(/^\s*\$ /, "")
          // In a container the command follows the service's name.
          .replace(/^docker compose run --rm \S+/, "consilium")
          .replace(/\s+#.*$/, "")
          .trim(),
      )
      // "consilium 0.1.0" is a version.
      .filter((line) => /^(consilium(?! \d)|npm (start|test|run))(?=\s|$)/.test(line))
  );
}

function expectConsilium(words: readonly string[], line: string): void {
  if (words[0]?.startsWith("-") || words.length === 0) return;
  const known = helpOf("");
  const command = words[0]!;
  expect(known, line).to.match(new RegExp(`^  ${command}\\b`, "m"));
  const sub = new RegExp(`^  ${words[1] ?? "\u0000"}\\b`, "m").test(helpOf(command).split("Commands:")[1] ?? "")
    ? ` ${words[1]}`
    : "";
  const help = helpOf(`${command}${sub}`);
  for (const word of words.slice(1)) {
    if (word.startsWith("--")) expect(help, line).to.include(word.split("=")[0] as string);
  }
}

describe("the documents", () => {
  before(async () => {
    for (const { load } of Object.values(commands)) (await load())(program, commands);
  });

  for (const page of pages) {
    it(`${page} shows only commands and options that there are`, () => {
      for (const line of commandsIn(page)) {
        const words = (line.split(/\s[|>]|\s2>/)[0] as string).split(/\s+/);
        if (words[0] === "consilium") expectConsilium(words.slice(1), line);
        else {
          const dashes = words.indexOf("--");
          const script = words[1] === "run" ? words[2]! : words[1]!;
          expect(scripts, line).to.have.property(script);
          const passed = dashes < 0 ? [] : words.slice(dashes + 1);
          if (script === "consilium") expectConsilium(passed, line);
          if (script === "start") expectConsilium(["simulate", ...passed], line);
          if (script === "bench" && passed[0] && passed[0] !== "NAME") {
            expect(existsSync(join(root, "bench", `${passed[0]}.ts`)), line).to.equal(true);
          }
        }
      }
    });

    it(`${page} links only to what is there`, () => {
      const text = readFileSync(join(root, page), "utf8");
      for (const [, target = ""] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        expect(existsSync(join(root, dirname(page), target)), target).to.equal(true);
      }
    });
  }

  it("have a record of each decision in the architecture, and no other", () => {
    const text = readFileSync(join(root, "docs/architecture.md"), "utf8");
    const decisions = text.slice(text.indexOf("## Decisions"));
    const linked = [...decisions.matchAll(/^- \*\*\[[^\]]+\]\(decisions\/([^)]+)\)/gm)].map(([, name]) => name);
    expect(linked).to.have.length(decisions.match(/^- \*\*/gm)?.length ?? 0);
    expect([...linked].sort()).to.deep.equal(readdirSync(join(root, "docs/decisions")).sort());
    for (const name of linked) {
      const record = readFileSync(join(root, "docs/decisions", name as string), "utf8");
      for (const part of ["Context", "Decision", "Consequences"]) expect(record, name).to.include(`**${part}.**`);
    }
  });
});
