// The TypeScript and Solidity tests execute every line and every branch of the contracts. Hardhat's coverage counts
// statements, so it misses a branch without a statement (an if without else). This test copies the project and adds an else
// with a statement to every if: 100 % of the copy's statements are then all branches of the original.
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import solc from "solc";

const root = fileURLToPath(new URL("../..", import.meta.url));
const sources = ["Bitmap.sol", "Consortium.sol", "RoundState.sol", "Sealing.sol", "TrainingRounds.sol", "Voting.sol"];

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
      "test/fakes",
      "foundation",
      "io",
      "protocol",
      ...["party", "node", "aggregator"],
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

  it("misses no conditional expressions, because there are none", async () => {
    for (const name of sources) {
      const text = await readFile(join(root, "contracts", name), "utf8");
      expect(nodesOf(parse(name, text), "Conditional"), name).to.have.length(0);
    }
  });

  it("includes every line and every branch", async () => {
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

/** Writes `if (c) s;` as `if (c) { s; } else { bool taken; taken; }`, each statement on its own line. */
function withElse(name: string, text: string): string {
  const edits: { at: number; insert: string }[] = [];
  const bytes = Buffer.from(text);
  for (const { trueBody, falseBody } of nodesOf(parse(name, text), "IfStatement")) {
    const [start = 0, length = 0] = (trueBody?.src ?? "").split(":").map(Number);
    // The range of a statement without a block ends before its semicolon.
    const lone = trueBody?.nodeType !== "Block";
    const end = lone ? bytes.indexOf(";", start + length - 1) + 1 : start + length;
    if (lone) edits.push({ at: start, insert: "{\n" });
    if (lone) edits.push({ at: end, insert: "\n}" });
    if (!falseBody) edits.push({ at: end, insert: " else {\nbool taken;\ntaken;\n}" });
  }
  let out = text;
  // Edits from the end keep earlier positions valid; at one position, later edits come later in the text.
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
