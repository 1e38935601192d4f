// Sees all that an honest party's process lets out: between its code (or a bug planted there) and the world.
import type { HospitalPorts } from "../../node/hospital.ts";
import type { ContractCall } from "../fakes/contract.ts";
import type { Safety } from "./safety.ts";
import type { Site } from "./site.ts";

export function tapPorts(ports: HospitalPorts, { site, safety }: { site: Site; safety: Safety }): HospitalPorts {
  const { ledger, gossip, signatures } = ports;
  const attempted = (call: ContractCall) => safety.attempted(site, call);
  return {
    ...ports,
    ledger: {
      federation: ledger.federation,
      self: ledger.self,
      chainTime: (waiting) => ledger.chainTime(waiting),
      members: (waiting) => ledger.members(waiting),
      latestRound: (waiting) => ledger.latestRound(waiting),
      round: (id, waiting) => ledger.round(id, waiting),
      history: (waiting) => ledger.history(waiting),
      changes: (waiting) => ledger.changes(waiting),
      openRound(args, waiting) {
        attempted({ name: "openRound", args });
        return ledger.openRound(args, waiting);
      },
      commitUpdate(args, waiting) {
        attempted({ name: "commitUpdate", args });
        return ledger.commitUpdate(args, waiting);
      },
      commitUpdates: (round, signed, waiting) => ledger.commitUpdates(round, signed, waiting),
      proposeModel(args, waiting) {
        attempted({ name: "proposeModel", args });
        return ledger.proposeModel(args, waiting);
      },
      attest(args, waiting) {
        attempted({ name: "attest", args });
        return ledger.attest(args, waiting);
      },
      expire(round, waiting) {
        attempted({ name: "expire", args: { round } });
        return ledger.expire(round, waiting);
      },
    },
    gossip: {
      publish(announcement) {
        safety.said(site, announcement);
        return gossip.publish(announcement);
      },
      subscribe: (listener) => gossip.subscribe(listener),
    },
    signatures: {
      sign(data) {
        safety.signed(site, data.message);
        return signatures.sign(data);
      },
      recover: (data, signature) => signatures.recover(data, signature),
    },
  };
}
