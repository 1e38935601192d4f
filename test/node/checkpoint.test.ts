import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { sha256 } from "../../foundation/sha256.ts";
import { checkpointFile } from "../../node/checkpoint-file.ts";
import type { RoundId } from "../../protocol/format/digest.ts";
import type { Log } from "../../protocol/ports.ts";
import { openSmallTrainer, request } from "./small-training.ts";

const hex = (bytes: Uint8Array) => Buffer.from(sha256(bytes)).toString("hex");

describe("a training that is interrupted by a kill", function () {
  this.timeout(60_000);
  let folder: string;
  let uninterrupted: string;
  const logged: { event: string; facts: unknown }[] = [];
  const keep = (event: string, facts?: unknown) => void logged.push({ event, facts });
  const log: Log = { child: () => log, debug: keep, info: keep, warn: keep, error: keep };
  const file = () => join(folder, "training.checkpoint");

  /** Trains in a new process. @returns the steps, and the digest of the weights */
  const trained = async (round = 1) => {
    const { trainer, learner } = openSmallTrainer(folder, log);
    const steps: number[] = [];
    const onProgress = ({ step }: { step: number }) => void steps.push(step);
    const { weights } = await learner.train({ ...request, round: round as RoundId }, { onProgress });
    await trainer.close();
    return { steps, digest: hex(weights) };
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "consilium-checkpoint-"));
    uninterrupted = (await trained()).digest;
    await checkpointFile(file()).remove();
  });
  beforeEach(() => void logged.splice(0));
  after(() => rm(folder, { recursive: true }));

  it("continues from its checkpoint to the same bits, and removes the checkpoint after use", async () => {
    const { trainer, learner } = openSmallTrainer(folder, log);
    const pid = async () => Number((await readFile(join(folder, "shard.pids"), "utf8")).trim().split("\n").at(-1));
    const onProgress = async ({ step }: { step: number }) => {
      if (step === 20) process.kill(await pid(), "SIGKILL");
    };
    const error = await learner.train(request, { onProgress }).then(
      () => undefined,
      (failure) => failure,
    );
    expect(error).to.include({ code: "LEARNER_CRASHED" });
    const steps: number[] = [];
    const { weights } = await learner.train(request, { onProgress: ({ step }) => void steps.push(step) });
    expect(hex(weights)).to.equal(uninterrupted);
    expect(steps[0]).to.be.above(15);
    expect(steps.at(-1)).to.equal(40);
    expect(logged.map(({ event }) => event)).to.include("training-resumed");
    // Weights of a training in progress say more about its patients than an update does.
    expect((await stat(file())).mode & 0o777).to.equal(0o600);
    await learner.forget?.();
    expect(existsSync(file())).to.equal(false);
    await trainer.close();
  });

  it("continues when the hospital itself was killed", async () => {
    const hospital = fileURLToPath(new URL("./processes/small-hospital.ts", import.meta.url));
    const run = async (killAt?: number) => {
      const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", hospital, folder], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const lines: { step?: number; digest?: string }[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        lines.push(JSON.parse(line));
        if (lines.at(-1)?.step === killAt) child.kill("SIGKILL");
      }
      return lines;
    };
    const cut = await run(12);
    expect(cut.some(({ digest }) => digest !== undefined)).to.equal(false);
    const rest = await run();
    expect(rest[0]?.step).to.be.above(8);
    expect(rest.at(-1)?.digest).to.equal(uninterrupted);
  });

  it("ignores a damaged checkpoint and one of another round, logs it, and starts again", async () => {
    const whole = await readFile(file());
    expect((await trained(2)).steps[0]).to.equal(1);
    expect(logged).to.deep.include({ event: "checkpoint-ignored", facts: { why: "CHECKPOINT_MISMATCH" } });
    for (const damaged of [
      whole.map((byte, at) => (at === whole.length - 100 ? byte ^ 1 : byte)),
      whole.subarray(0, whole.length / 2),
      whole.subarray(0, 5),
      new Uint8Array(),
    ]) {
      logged.splice(0);
      await writeFile(file(), damaged);
      expect(await checkpointFile(file()).read()).to.equal("damaged");
    }
    const { steps, digest } = await trained();
    expect(logged).to.deep.include({ event: "checkpoint-ignored", facts: { why: "damaged" } });
    expect(steps[0]).to.equal(1);
    expect(digest).to.equal(uninterrupted);
  });
});
