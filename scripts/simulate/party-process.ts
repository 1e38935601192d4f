// Runs one party of the simulation as a process, as at a hospital: `consilium node --config …`. Its events are lines on its
// stdout, its log goes to a file; when this process dies, the closed pipe ends it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { FedError } from "../../foundation/errors.ts";
import { moduleBeside } from "../../foundation/module-beside.ts";
import { askForLook } from "../dashboard/answer-looks.ts";
import type { Look } from "../dashboard/lookout.ts";
import type { ConfiguredParty } from "./party-configs.ts";

const commandLine = fileURLToPath(moduleBeside("../consilium", import.meta.url));

/** A running party, in this process or another. */
export interface RunningParty {
  readonly name: string;
  /** Resolves when it has ended, with an error unless stop was called. */
  readonly ended: Promise<FedError | undefined>;
  /** What it sees at the moment; undefined if it has ended or does not answer. */
  look(): Promise<Look | undefined>;
  /** Stops gracefully, and by force if that takes too long. Idempotent. */
  stop(): Promise<void>;
}

export interface PartyStart extends Pick<ConfiguredParty, "identity" | "command" | "config"> {
  /** Appended to. */
  readonly logFile: string;
  readonly onEvent: (event: unknown) => void;
}

const patienceMs = 10_000;
/** A party that is busy for longer is shown as it was. */
const lookTimeoutMs = 2_000;

export async function startParty(start: PartyStart): Promise<RunningParty> {
  const { identity, command, config, logFile, onEvent } = start;
  const { name } = identity;
  const log = await open(logFile, "a");
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", commandLine, command, "--config", config],
    { stdio: ["ignore", "pipe", log.fd, "ipc"], env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" } },
  );
  await log.close();
  let asked = false;
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  lines.on("line", (line) => onEvent(JSON.parse(line)));
  const ended = new Promise<FedError | undefined>((resolve) => {
    child.once("error", (cause) => resolve(new FedError("PARTY_START", { name }, { cause })));
    child.once("close", (code, signalName) => {
      const facts = { name, code: code ?? undefined, signal: signalName ?? undefined };
      resolve(asked ? undefined : new FedError("PARTY_ENDED", facts, { remedy: `see the end of ${logFile}` }));
    });
  });
  return {
    name,
    ended,
    look: () => askForLook(child, lookTimeoutMs),
    async stop() {
      asked = true;
      await end(child);
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const closed = once(child, "close");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  await closed;
  clearTimeout(timer);
}
