// Every line and every branch of the contracts is taken by the TypeScript and Solidity tests. Hardhat's coverage counts
// statements; a branch without a statement of its own (an if without else) would go unseen. So a copy of the project gets
// a statement for each: an else for every if. 100 % of the statements of the copy are then all branches of the original.
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import solc from "solc";

const root = fileURLToPath(new URL("../..", import.meta.url));
const sources = ["Bitmap.sol", "Consortium.sol", "TrainingRounds.sol"];

interface Node {
  readonly nodeType?: string;
  readonly src?: string;
  readonly trueBody?: Node;
  readonly falseBody?: Node | null;
}

describe("the coverage of the contracts", () => {
  let copy: string;

  before(async () => {
    copy = await mkdtemp(join(tmpdir(), "consilium-coverage-"));
    for (const part of [
      "contracts",
      "test/contracts",
      "io",
      "protocol",
      "bench/gas",
      "hardhat.config.ts",
      "package.json",
    ]) {
      await mkdir(dirname(join(copy, part)), { recursive: true });
      await cp(join(root, part), join(copy, part), { recursive: true });
    }
    await symlink(join(root, "node_modules"), join(copy, "node_modules"));
    for (const name of sources) {
      const path = join(copy, "contracts", name);
      await writeFile(path, withElse(name, await readFile(path, "utf8")));
    }
  });
  after(() => rm(copy, { recursive: true }));

  it("is not blind to conditional expressions: there are none", async () => {
    for (const name of sources) {
      const text = await readFile(join(root, "contracts", name), "utf8");
      expect(nodesOf(parse(name, text), "Conditional"), name).to.have.length(0);
    }
  });

  it("is every line and every branch", async () => {
    const hardhat = join(root, "node_modules/hardhat/dist/src/cli.js");
    const options = { cwd: copy, maxBuffer: 1 << 26, env: { ...process.env, NO_COLOR: "1" } };
    const { stdout } = await promisify(execFile)(process.execPath, [hardhat, "test", "--coverage"], options);
    const lcov = await readFile(join(copy, "coverage/lcov.info"), "utf8");
    const seen = lcov.split("end_of_record").filter((record) => record.includes("SF:contracts/"));
    expect(seen).to.have.length(sources.length);
    const missed = seen.flatMap((record) => {
      const file = record.match(/SF:(.*)/)?.[1];
      return [...record.matchAll(/^DA:(\d+),0$/gm)].map(([, line]) => `${file}:${line}`);
    });
    expect(missed, stdout.slice(-3000)).to.deep.equal([]);
  });
});

/** The source with `if (c) s;` written as `if (c) { s; } else { bool taken; taken; }`, each statement on a line of its own. */
function withElse(name: string, text: string): string {
  const edits: { at: number; insert: string }[] = [];
  const bytes = Buffer.from(text);
  for (const { trueBody, falseBody } of nodesOf(parse(name, text), "IfStatement")) {
    const [start = 0, length = 0] = (trueBody?.src ?? "").split(":").map(Number);
    // A lone statement's range ends before its semicolon.
    const lone = trueBody?.nodeType !== "Block";
    const end = lone ? bytes.indexOf(";", start + length - 1) + 1 : start + length;
    if (lone) edits.push({ at: start, insert: "{\n" });
    if (lone) edits.push({ at: end, insert: "\n}" });
    if (!falseBody) edits.push({ at: end, insert: " else {\nbool taken;\ntaken;\n}" });
  }
  let out = text;
  // From the end on, so that places stay; at one place, what was noted later comes later in the text.
  const ordered = edits.map((edit, i) => ({ ...edit, i })).sort((a, b) => b.at - a.at || b.i - a.i);
  for (const { at, insert } of ordered) out = out.slice(0, at) + insert + out.slice(at);
  return out;
}

function parse(name: string, content: string): Node {
  const input = {
    language: "Solidity",
    sources: { [name]: { content } },
    settings: { stopAfter: "parsing", outputSelection: { "*": { "": ["ast"] } } },
  };
  const { sources: parsed } = JSON.parse(solc.compile(JSON.stringify(input)));
  return parsed[name].ast;
}

function nodesOf(node: unknown, type: string): Node[] {
  if (typeof node !== "object" || node === null) return [];
  const inner = Object.values(node).flatMap((each) => nodesOf(each, type));
  return (node as Node).nodeType === type ? [node as Node, ...inner] : inner;
}
