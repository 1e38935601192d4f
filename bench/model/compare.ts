// Runs our network and Python TensorFlow's side by side, from the same weights: first whether they agree, then how long
// each takes, in turns, so that other work on the machine meets both.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { decodeSafetensors } from "../../protocol/format/safetensors.ts";
import type { Side } from "./side.ts";

export const requirements = path("../../test/model/reference/requirements.txt");

export interface Compared {
  /** Largest difference of any value from Python's, as a share of the largest value of its tensor. */
  readonly lengths: number;
  readonly loss: number;
  readonly gradients: number;
  readonly weightsAfterStep: number;
}

export interface Measured extends Compared {
  /** Fastest run, in milliseconds: other work on the machine only ever adds. */
  readonly oursMs: number;
  readonly peerMs: number;
  readonly oursBytes: number;
  readonly peerBytes: number;
}

export interface Work {
  readonly kind: "step" | "infer";
  readonly turns: number;
  readonly runsATurn: number;
}

/** @param environment Python's, with the requirements */
export async function compare(side: Side, environment: string, work: Work): Promise<Measured> {
  const scratch = await mkdtemp(join(tmpdir(), "consilium-bench-"));
  const at = (name: string) => join(scratch, name);
  const started: Program[] = [];
  try {
    await writeFile(at("spec.json"), JSON.stringify(side));
    const node = ["--disable-warning=ExperimentalWarning", path("./ours.ts")];
    const ours = new Program(process.execPath, [...node, at("spec.json"), at("weights"), at("ours")]);
    started.push(ours);
    await ours.line(); // it writes the weights
    const reference = path("../../test/model/reference/network.py");
    const peer = new Program(join(environment, "bin/python"), [reference, at("spec.json"), at("weights"), at("peer")]);
    started.push(peer);
    await peer.line();
    const agreement = differences(await readFile(at("ours")), await readFile(at("peer")));
    const fastest = { ours: Number.POSITIVE_INFINITY, peer: Number.POSITIVE_INFINITY };
    for (let turn = 0; turn < work.turns; turn++) {
      for (const [name, program] of [
        ["ours", ours],
        ["peer", peer],
      ] as const) {
        const taken = JSON.parse(await program.ask(`${work.kind} ${work.runsATurn}`)) as number[];
        if (turn > 0) fastest[name] = Math.min(fastest[name], ...taken); // the first turn warms up
      }
    }
    const [oursBytes, peerBytes] = [Number(await ours.end()), Number(await peer.end())];
    return { ...agreement, oursMs: fastest.ours, peerMs: fastest.peer, oursBytes, peerBytes };
  } finally {
    for (const program of started) program.kill();
    await rm(scratch, { recursive: true, force: true });
  }
}

function differences(ours: Uint8Array, peer: Uint8Array): Compared {
  const theirs = new Map(decodeSafetensors(peer).tensors.map((tensor) => [tensor.name, tensor.data]));
  const worst = { lengths: 0, loss: 0, gradients: 0, weightsAfterStep: 0 };
  for (const { name, data } of decodeSafetensors(ours).tensors) {
    const expected = theirs.get(name);
    if (expected?.length !== data.length) throw new Error(`${name} is missing or of another size on Python's side`);
    let [largest, apart] = [0, 0];
    for (const [i, value] of data.entries()) {
      largest = Math.max(largest, Math.abs(expected[i]!));
      const difference = Math.abs(value - expected[i]!);
      apart = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(apart, difference);
    }
    const kind = name.startsWith("d/") ? "gradients" : name.startsWith("w/") ? "weightsAfterStep" : name;
    worst[kind as keyof Compared] = Math.max(worst[kind as keyof Compared], apart / Math.max(largest, 1e-6));
  }
  return worst;
}

/** A side that answers a line with a line. */
class Program {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(command: string, args: readonly string[]) {
    // The same cores for both: oneDNN and Eigen take them all unless told otherwise, on either side.
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.#child.spawnfile} ended with ${this.#child.exitCode}`);
    return value as string;
  }

  ask(question: string): Promise<string> {
    this.#child.stdin?.write(`${question}\n`);
    return this.line();
  }

  async end(): Promise<string> {
    this.#child.stdin?.end();
    const last = await this.line();
    if (this.#child.exitCode === null) await once(this.#child, "exit");
    return last;
  }

  kill(): void {
    if (this.#child.exitCode === null) this.#child.kill("SIGKILL");
  }
}

function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
