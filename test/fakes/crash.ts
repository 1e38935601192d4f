// Ports for processes that can be killed as by kill -9: a dead process gets no answers and makes no more calls; the
// effects of earlier calls remain.
import type { HospitalPorts } from "../../node/hospital.ts";

/** Calls with effects outside the process. */
export const outwardCalls = [
  "blobs.put",
  "journal.write",
  "ledger.openRound",
  "ledger.commitUpdate",
  "ledger.proposeModel",
  "ledger.attest",
  "gossip.publish",
  "exchange.fetch",
] as const;
/** Those of a hospital without gas, and of a member that sends for it. */
export const relayCalls = ["signedWrites.publish", "ledger.commitUpdates", "ledger.attestFor"] as const;
export type OutwardCall = (typeof outwardCalls | typeof relayCalls)[number];

export interface CrashPoint {
  readonly call: OutwardCall;
  readonly when: "before" | "after";
  /** Number of this call among the same calls of the process, from 1. */
  readonly count: number;
}

/** `onCall` gets the name of every call, and may set `dead` before or after it. */
export interface ProcessState {
  dead: boolean;
  readonly onCall?: (call: string, when: "before" | "after") => void;
}

/** Kills a process at a point: `onDeath` is called there, and must set `dead`. */
export function killAt(point: CrashPoint, onDeath: () => void): NonNullable<ProcessState["onCall"]> {
  const calls = { before: 0, after: 0 };
  return (call, when) => {
    if (call === point.call && ++calls[when] === point.count && when === point.when) onDeath();
  };
}

/** Ports that stop working when the process is dead. */
export function killablePorts(ports: HospitalPorts, life: ProcessState): HospitalPorts {
  const never = () => new Promise<never>(() => {});
  const silent = () => ({ [Symbol.asyncIterator]: () => ({ next: never }) });
  /** Results of methods that return no promise, for a dead process. */
  const synchronous: Readonly<Record<string, () => unknown>> = {
    changes: silent,
    history: silent,
    subscribe: () => () => {},
    now: () => ports.clock.now(),
  };
  const isAlive = (call: string, when: "before" | "after") => {
    life.onCall?.(call, when);
    return !life.dead;
  };
  const wrap = <Port extends object>(name: string, port: Port): Port =>
    new Proxy(port, {
      get(target, property) {
        const member = Reflect.get(target, property, target) as unknown;
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          const call = `${name}.${String(property)}`;
          if (life.dead || !isAlive(call, "before")) return (synchronous[String(property)] ?? never)();
          const result = member.apply(target, args) as unknown;
          if (!(result instanceof Promise)) return result;
          return result.then(
            (value) => (life.dead || !isAlive(call, "after") ? never() : value),
            (error) => {
              if (life.dead) return never();
              throw error;
            },
          );
        };
      },
    });
  const { signatures, log, randomSecret } = ports;
  return {
    signatures,
    log,
    randomSecret,
    secrets: wrap("secrets", ports.secrets),
    ledger: wrap("ledger", ports.ledger),
    blobs: wrap("blobs", ports.blobs),
    exchange: wrap("exchange", ports.exchange),
    gossip: wrap("gossip", ports.gossip),
    signedWrites: wrap("signedWrites", ports.signedWrites),
    journal: wrap("journal", ports.journal),
    learner: wrap("learner", ports.learner),
    clock: wrap("clock", ports.clock),
  };
}
