// The commands of a page of the documents, in order, for tests that run all of them.
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What a line of a block asks for. */
export type Step =
  /** The folder that the commands after it are given in. */
  | { readonly kind: "at"; readonly place: string }
  | { readonly kind: "run"; readonly command: string }
  /** A command that the page itself says the test leaves out. */
  | { readonly kind: "not tried"; readonly command: string; readonly why: string }
  | { readonly kind: "start"; readonly command: string }
  | { readonly kind: "stop" }
  | { readonly kind: "send"; readonly files: readonly string[]; readonly to: readonly string[] }
  | { readonly kind: "wait"; readonly until: string }
  /** Sections of get-started.md that a hospital, or every hospital, follows. */
  | { readonly kind: "follow"; readonly who: string; readonly sections: readonly string[] };

export interface Section {
  readonly title: string;
  readonly steps: readonly Step[];
}

const list = (text = "") => text.split(/, | and /).map(bare);
const bare = (name: string) => name.trim().replace(/^the /, "");

/** @throws Error for a line in a block that is no command and nothing known */
function stepOf(line: string): Step {
  const [, command = "", why] = /^(.*?)(?:\s+# not tried: (.+))?$/.exec(line) ?? [];
  if (!line.startsWith("#")) return why === undefined ? { kind: "run", command } : { kind: "not tried", command, why };
  const said = line.slice(1).trim();
  const match = (pattern: RegExp) => pattern.exec(said)?.slice(1);
  const at = match(/^at (.+)$/);
  if (at) return { kind: "at", place: bare(at[0]!) };
  const start = match(/^start: (.+)$/);
  if (start) return { kind: "start", command: start[0]! };
  if (said === "stop") return { kind: "stop" };
  const send = match(/^send (.+) to (.+)$/);
  if (send) return { kind: "send", files: list(send[0]), to: list(send[1]) };
  const wait = match(/^wait until (.+)$/);
  if (wait) return { kind: "wait", until: wait[0]! };
  const follow = match(/^([a-z ]+): ([A-Z].+)$/);
  if (follow) return { kind: "follow", who: follow[0]!, sections: list(follow[1]) };
  throw new Error(`a block has a line that is no command and nothing known: ${line}`);
}

/** The sections of a page of docs/ that have blocks of commands. */
export function sectionsOf(page: string): readonly Section[] {
  const text = readFileSync(join(import.meta.dirname, "../../docs", page), "utf8");
  return text.split(/^## /m).map((part) => ({
    title: part.split("\n")[0]!,
    steps: [...part.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = ""]) =>
      block
        .replaceAll(/\\\n\s*/g, " ")
        .split("\n")
        .filter(Boolean)
        .map(stepOf),
    ),
  }));
}
