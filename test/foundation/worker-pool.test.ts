import { execFileSync } from "node:child_process";
import { expect } from "chai";
import { isFedError } from "../../foundation/errors.ts";
import { openWorkerPool, type WorkerPool, type WorkerPoolOptions } from "../../foundation/worker-pool.ts";
import type { PoolTestTask } from "./pool-worker.ts";

type Pool = WorkerPool<PoolTestTask, number | string | Uint8Array>;

const errors = {
  died: "DICOM_WORKER_DIED",
  timedOut: "DICOM_TIMEOUT",
  closed: "DICOM_POOL_CLOSED",
  notSent: "SCAN_UNREADABLE",
} as const;

describe("the worker pool", function () {
  this.timeout(120_000);
  const opened: Pool[] = [];
  after(() => Promise.all(opened.map((pool) => pool.close())));

  function open(options: Partial<WorkerPoolOptions<string>> = {}): Pool {
    const entry = new URL("./pool-worker.ts", import.meta.url);
    const pool: Pool = openWorkerPool({ entry, workers: 1, settings: "as given", errors, ...options });
    opened.push(pool);
    return pool;
  }

  async function collect(pool: Pool, to: number): Promise<unknown[]> {
    const all: unknown[] = [];
    for await (const answer of pool.stream({ kind: "count", to })) all.push(answer);
    return all;
  }

  async function failureOf(pool: Pool, task: PoolTestTask) {
    const error = await pool.run(task).catch((thrown: unknown) => thrown);
    if (!isFedError(error)) throw new Error("the task did not fail", { cause: error });
    return { code: error.code, facts: error.facts, remedy: error.remedy };
  }

  it("starts its threads before there is a task, if asked to, and ends them, used or not", async () => {
    const pool = open({ startsAtOnce: true, workers: 2 });
    expect(await pool.run({ kind: "count", to: 3 })).to.equal(3);
    await pool.close();
    await open({ startsAtOnce: true }).close();
  });

  it("answers tasks on several threads, with the settings that they were started with", async () => {
    const pool = open({ workers: 2, tasksAWorker: 3 });
    const results = await Promise.all(Array.from({ length: 30 }, (_, at) => pool.run({ kind: "count", to: at + 1 })));
    expect(results).to.deep.equal(Array.from({ length: 30 }, (_, at) => at + 1));
    expect(await pool.run({ kind: "settings" })).to.equal("as given");
  });

  it("starts another thread only when a task has waited as long as it may for those that have started", async () => {
    const patient = open({ workers: 2, startsAtOnce: true, waitBeforeAnotherMs: 1e9 });
    const threads = await Promise.all(Array.from({ length: 10 }, () => patient.run({ kind: "thread" })));
    expect(new Set(threads)).to.have.length(1);
    const hasty = open({ workers: 2, waitBeforeAnotherMs: 1e-6 });
    const inWork = failureOf(hasty, { kind: "hang" });
    const [one, other] = await Promise.all([hasty.run({ kind: "thread" }), hasty.run({ kind: "thread" })]);
    expect(one).to.equal(other);
    await hasty.close();
    expect((await inWork).code).to.equal("DICOM_POOL_CLOSED");
  });

  it("does elsewhere what waits behind a slow task, and what was done before it and is held back", async () => {
    for (const options of [{}, { startsAtOnce: true, waitBeforeAnotherMs: 20 }]) {
      const pool = open({ workers: 2, tasksAWorker: 20, ...options });
      await pool.run({ kind: "count", to: 1 });
      const before = Array.from({ length: 9 }, (_, at) => pool.run({ kind: "count", to: at + 1 }));
      const inWork = failureOf(pool, { kind: "hang" });
      const behind = Array.from({ length: 19 }, (_, at) => collect(pool, at + 1));
      expect(await Promise.all(before)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9]);
      for (const [at, all] of (await Promise.all(behind)).entries()) expect(all).to.have.length(at + 1);
      const more = Array.from({ length: 45 }, (_, at) => collect(pool, at + 1));
      for (const [at, all] of (await Promise.all(more)).entries()) expect(all).to.have.length(at + 1);
      await pool.close();
      expect((await inWork).code).to.equal("DICOM_POOL_CLOSED");
    }
  });

  it("takes nothing back from a thread that was slow and works again", async () => {
    const pool = open({ workers: 2, tasksAWorker: 20, timeoutMs: 20_000 });
    for (let turn = 0; turn < 3; turn++) {
      const slow = pool.run({ kind: "wait", ms: 700 });
      const others = Array.from({ length: 60 }, (_, at) => collect(pool, at + 1));
      expect(await slow).to.equal(700);
      for (const [at, all] of (await Promise.all(others)).entries()) expect(all.at(-1)).to.equal(at + 1);
    }
    const threads = new Set<unknown>();
    while (threads.size < 2)
      for (const thread of await Promise.all(Array.from({ length: 20 }, () => pool.run({ kind: "thread" }))))
        threads.add(thread);
  });

  it("streams answers in order to a reader that takes its time, and stops for one that leaves", async () => {
    const pool = open({ answersAhead: 2 });
    const seen: unknown[] = [];
    for await (const answer of pool.stream({ kind: "count", to: 9 })) {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(answer);
    }
    expect(seen).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for await (const answer of pool.stream({ kind: "count", to: 1e9 })) if (answer === 5) break;
    expect(await collect(pool, 3)).to.deep.equal([1, 2, 3]);
  });

  it("moves memory to the thread and back, and refuses memory that has gone", async () => {
    const pool = open();
    const bytes = Uint8Array.of(1, 2, 3);
    expect(await pool.run({ kind: "echo", bytes }, { transfer: [bytes.buffer] })).to.deep.equal(Uint8Array.of(1, 2, 3));
    expect(bytes).to.have.length(0);
    const error = await pool.run({ kind: "echo", bytes }, { transfer: [bytes.buffer] }).catch((thrown) => thrown);
    expect(error).to.have.property("code", "SCAN_UNREADABLE");
    expect(await collect(pool, 1)).to.deep.equal([1]);
  });

  it("passes on a refusal's code, facts and remedy, and of another error only what the program says", async () => {
    const pool = open();
    const refusal = { code: "SCAN_UNREADABLE", facts: { at: 7 }, remedy: "another remedy" };
    expect(await failureOf(pool, { kind: "refuse" })).to.deep.equal(refusal);
    expect(JSON.stringify(await failureOf(pool, { kind: "throw" }))).not.to.include("patient");
  });

  it("fails the one task that kills, hangs or fills its thread; those before and behind it are done", async () => {
    for (const [kind, code, options] of [
      ["die", "DICOM_WORKER_DIED", {}],
      ["hang", "DICOM_TIMEOUT", { timeoutMs: 1500 }],
      ["fill", "DICOM_WORKER_DIED", { maxHeapMib: 32 }],
    ] as const) {
      const pool = open({ tasksAWorker: 20, ...options });
      const before = [1, 2, 3].map((to) => collect(pool, to));
      const failed = failureOf(pool, { kind });
      const behind = [4, 5, 6].map((to) => collect(pool, to));
      expect((await failed).code, kind).to.equal(code);
      const lengths = (await Promise.all([...before, ...behind])).map((all) => all.length);
      expect(lengths, kind).to.deep.equal([1, 2, 3, 4, 5, 6]);
    }
  });

  it("does not count the time that a slow reader takes", async () => {
    const pool = open({ timeoutMs: 300, answersAhead: 1 });
    await collect(pool, 1);
    const stream = pool.stream({ kind: "count", to: 3 });
    expect((await stream.next()).value).to.equal(1);
    // Longer than the limit, which is what the test is about.
    const over = Date.now() + 700;
    while (Date.now() < over) await new Promise((resolve) => setImmediate(resolve));
    expect((await stream.next()).value).to.equal(2);
    expect((await stream.next()).value).to.equal(3);
  });

  it("is cancelled by a signal, waiting or in work, and serves the next task", async () => {
    const pool = open();
    const abort = new AbortController();
    const inWork = pool.run({ kind: "count", to: 1e9 }, { signal: abort.signal }).catch((error) => error.name);
    const waiting = pool.run({ kind: "count", to: 1 }, { signal: abort.signal }).catch((error) => error.name);
    abort.abort();
    expect([await inWork, await waiting]).to.deep.equal(["AbortError", "AbortError"]);
    expect(await collect(pool, 2)).to.deep.equal([1, 2]);
  });

  it("fails what is in work or asked for after it was closed, also twice", async () => {
    const pool = open();
    const pending = failureOf(pool, { kind: "hang" });
    await pool.close();
    await pool.close();
    expect((await pending).code).to.equal("DICOM_POOL_CLOSED");
    expect((await failureOf(pool, { kind: "settings" })).code).to.equal("DICOM_POOL_CLOSED");
  });

  it("lets the process end while its threads are idle, if asked to", () => {
    const program = `
      const { openWorkerPool } = await import(${JSON.stringify(new URL("../../foundation/worker-pool.ts", import.meta.url).href)});
      const entry = new URL(${JSON.stringify(new URL("./pool-worker.ts", import.meta.url).href)});
      const pool = openWorkerPool({ entry, workers: 1, settings: 1, errors: {}, keepsProcess: false });
      console.log(await pool.run({ kind: "count", to: 2 }));`;
    const output = execFileSync(process.execPath, ["--input-type=module", "--eval", program], { timeout: 60_000 });
    expect(output.toString().trim()).to.equal("2");
  });
});
