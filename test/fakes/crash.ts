// Processes that can die as kill -9 has it: nothing that they awaited ever comes, nothing that they wanted to do next
// happens, and what was done stays done.
import type { HospitalPorts } from "../../node/hospital.ts";

/** Acts that leave a trace outside of the process. */
export const outwardActs = [
  "blobs.put",
  "journal.write",
  "ledger.openRound",
  "ledger.commitUpdate",
  "ledger.proposeModel",
  "ledger.attest",
  "gossip.publish",
  "exchange.fetch",
] as const;
export type OutwardAct = (typeof outwardActs)[number];

export interface CrashPoint {
  readonly act: OutwardAct;
  readonly when: "before" | "after";
  /** The how manieth such act of the process, from 1. */
  readonly count: number;
}

/** A process's life; `passing` may end it before or after any act, by name. */
export interface Life {
  dead: boolean;
  readonly passing?: (act: string, when: "before" | "after") => void;
}

/** Dies at a point: `onDeath` is called there, and must make `dead` true. */
export function dyingAt(point: CrashPoint, onDeath: () => void): NonNullable<Life["passing"]> {
  const acts = { before: 0, after: 0 };
  return (act, when) => {
    if (act === point.act && ++acts[when] === point.count && when === point.when) onDeath();
  };
}

/** Ports through which a dead process does nothing. */
export function mortalPorts(ports: HospitalPorts, life: Life): HospitalPorts {
  const never = () => new Promise<never>(() => {});
  const silent = () => ({ [Symbol.asyncIterator]: () => ({ next: never }) });
  /** What the dead get from methods that do not return promises. */
  const synchronous: Readonly<Record<string, () => unknown>> = {
    ...{ changes: silent, history: silent, subscribe: () => () => {}, now: () => ports.clock.now() },
  };
  const pass = (act: string, when: "before" | "after") => {
    life.passing?.(act, when);
    return !life.dead;
  };
  const wrap = <Port extends object>(name: string, port: Port): Port =>
    new Proxy(port, {
      get(target, property) {
        const member = Reflect.get(target, property, target) as unknown;
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          const act = `${name}.${String(property)}`;
          if (life.dead || !pass(act, "before")) return (synchronous[String(property)] ?? never)();
          const result = member.apply(target, args) as unknown;
          if (!(result instanceof Promise)) return result;
          return result.then(
            (value) => (life.dead || !pass(act, "after") ? never() : value),
            (error) => {
              if (life.dead) return never();
              throw error;
            },
          );
        };
      },
    });
  const { signatures, log } = ports;
  return {
    ...{ signatures, log, ledger: wrap("ledger", ports.ledger), blobs: wrap("blobs", ports.blobs) },
    ...{ exchange: wrap("exchange", ports.exchange), gossip: wrap("gossip", ports.gossip) },
    ...{ journal: wrap("journal", ports.journal), learner: wrap("learner", ports.learner) },
    clock: wrap("clock", ports.clock),
  };
}
