// One simulated member: its disk and devices, which outlive its process, and its current process.

import type { Waiting } from "../../foundation/waiting.ts";
import type { HospitalPorts } from "../../node/hospital.ts";
import type { HospitalAddress } from "../../protocol/format/digest.ts";
import type { Clock } from "../../protocol/ports.ts";
import type { ProcessState } from "../fakes/crash.ts";
import { FakeLearner } from "../fakes/learner.ts";
import { FakeLog, secretOf } from "../fakes/party-ports.ts";
import type { VirtualTime } from "../fakes/virtual-time.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { Block } from "./simulated-chain.ts";
import { SimulatedJournal, SimulatedSecrets, SimulatedStore, UnsyncedWrites } from "./simulated-disk.ts";
import type { Endpoint } from "./simulated-ledger.ts";

/** Replaces ports of a liar, or of a party with a planted bug. */
export type Tamper = (ports: HospitalPorts) => Partial<HospitalPorts>;

export interface Process {
  readonly life: ProcessState;
  readonly controller: AbortController;
  /** Virtual time, milliseconds. */
  readonly startedAt: number;
  /** Blocks that this process has read, oldest first. */
  readonly read: { readonly at: number; readonly block: Block }[];
}

export interface Site {
  readonly address: HospitalAddress;
  readonly role: "hospital" | "aggregator";
  readonly liar: boolean;
  /** A hospital whose commitments and votes others send. */
  readonly relayed: boolean;
  /** Whether its account can pay for no transaction. */
  readonly gasless: boolean;
  readonly tamper: Tamper;
  readonly store: SimulatedStore;
  readonly journal: SimulatedJournal;
  readonly secrets: SimulatedSecrets;
  /** The same for the same seed. */
  readonly randomSecret: () => Uint8Array;
  readonly unsynced: {
    readonly store: UnsyncedWrites;
    readonly journal: UnsyncedWrites;
    readonly secrets: UnsyncedWrites;
  };
  readonly learner: FakeLearner;
  readonly log: FakeLog;
  readonly clock: Clock;
  readonly endpoint: Endpoint;
  process: Process | undefined;
  /** Disconnects it from the network. */
  leave: () => void;
}

export function openSite(
  { time, random, pause }: { time: VirtualTime; random: SeededRandom; pause: () => Promise<void> },
  subject: Pick<Site, "address" | "role" | "liar" | "relayed" | "gasless" | "tamper"> & {
    trainScans: number;
    drift: number;
  },
): Site {
  const { trainScans, drift, ...identity } = subject;
  const clock = driftingClock(time, drift);
  const unsyncedWrites = () => new UnsyncedWrites(random, pause);
  const unsynced = { store: unsyncedWrites(), journal: unsyncedWrites(), secrets: unsyncedWrites() };
  let drawn = 0;
  return {
    ...identity,
    store: new SimulatedStore(unsynced.store, pause, () => time.now()),
    journal: new SimulatedJournal(unsynced.journal, pause),
    secrets: new SimulatedSecrets(unsynced.secrets),
    randomSecret: () => secretOf(`${identity.address} ${drawn++}`),
    unsynced,
    learner: new VariableTimeLearner({ clock, trainScans }, random),
    log: new FakeLog(),
    clock,
    endpoint: { down: false, lag: 0 },
    process: undefined,
    leave: () => {},
  };
}

/** The same training, with a random duration. */
class VariableTimeLearner extends FakeLearner {
  readonly #random: SeededRandom;

  constructor(options: ConstructorParameters<typeof FakeLearner>[0], random: SeededRandom) {
    super(options);
    this.#random = random;
  }

  override train(...request: Parameters<FakeLearner["train"]>) {
    this.trainMs = this.#random.between(500, 5000);
    return super.train(...request);
  }

  override sumPatients(...request: Parameters<FakeLearner["sumPatients"]>) {
    this.trainMs = this.#random.between(500, 5000);
    return super.sumPatients(...request);
  }
}

/** A clock whose rate is wrong by `drift`, a share. */
function driftingClock(time: VirtualTime, drift: number): Clock {
  const rate = 1 + drift;
  return {
    now: () => 86_400_000 + time.now() * rate,
    sleep: (milliseconds: number, waiting?: Waiting) => time.sleep(milliseconds / rate, waiting),
  };
}
