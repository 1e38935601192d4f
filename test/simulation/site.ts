// One simulated party: what outlives its process, and what the simulator knows of it.

import type { Waiting } from "../../foundation/waiting.ts";
import type { HospitalPorts } from "../../node/hospital.ts";
import type { HospitalAddress } from "../../protocol/format/digest.ts";
import type { Clock } from "../../protocol/ports.ts";
import type { Life } from "../fakes/crash.ts";
import { FakeLearner } from "../fakes/learner.ts";
import { FakeLog } from "../fakes/party-ports.ts";
import type { VirtualTime } from "../fakes/virtual-time.ts";
import type { Dice } from "./dice.ts";
import type { Block } from "./simulated-chain.ts";
import { SimulatedJournal, SimulatedStore, UnsyncedWrites } from "./simulated-disk.ts";
import type { Endpoint } from "./simulated-ledger.ts";

/** Replaces ports: of a liar, or of a party with a planted bug. */
export type Tamper = (ports: HospitalPorts) => Partial<HospitalPorts>;

export interface Process {
  readonly life: Life;
  readonly controller: AbortController;
  /** Virtual time, milliseconds. */
  readonly startedAt: number;
  /** Blocks that this process read the state of, oldest first. */
  readonly read: { readonly at: number; readonly block: Block }[];
}

export interface Site {
  readonly address: HospitalAddress;
  readonly role: "hospital" | "aggregator";
  readonly liar: boolean;
  readonly tamper: Tamper;
  readonly store: SimulatedStore;
  readonly journal: SimulatedJournal;
  readonly unsynced: { readonly store: UnsyncedWrites; readonly journal: UnsyncedWrites };
  readonly learner: FakeLearner;
  readonly log: FakeLog;
  readonly clock: Clock;
  readonly endpoint: Endpoint;
  process: Process | undefined;
  /** Ends its part in the network. */
  leave: () => void;
}

export function openSite(
  { time, dice, pause }: { time: VirtualTime; dice: Dice; pause: () => Promise<void> },
  subject: Pick<Site, "address" | "role" | "liar" | "tamper"> & { trainScans: number; drift: number },
): Site {
  const { trainScans, drift, ...who } = subject;
  const clock = driftingClock(time, drift);
  const unsynced = { store: new UnsyncedWrites(dice, pause), journal: new UnsyncedWrites(dice, pause) };
  return {
    ...who,
    store: new SimulatedStore(unsynced.store, pause, () => time.now()),
    journal: new SimulatedJournal(unsynced.journal, pause),
    unsynced,
    learner: new HurriedLearner({ clock, trainScans }, dice),
    log: new FakeLog(),
    clock,
    endpoint: { down: false, lag: 0 },
    process: undefined,
    leave: () => {},
  };
}

/** Trains the same each time but for how long it takes, as a machine does. */
class HurriedLearner extends FakeLearner {
  readonly #dice: Dice;

  constructor(options: ConstructorParameters<typeof FakeLearner>[0], dice: Dice) {
    super(options);
    this.#dice = dice;
  }

  override train(...request: Parameters<FakeLearner["train"]>) {
    this.trainMs = this.#dice.between(500, 5000);
    return super.train(...request);
  }
}

/** A clock that runs fast or slow by a share of `drift`. */
function driftingClock(time: VirtualTime, drift: number): Clock {
  const rate = 1 + drift;
  return {
    now: () => 86_400_000 + time.now() * rate,
    sleep: (milliseconds: number, waiting?: Waiting) => time.sleep(milliseconds / rate, waiting),
  };
}
