// Passes every outgoing call of an honest party's process to the safety rules before it reaches the world.
import type { HospitalPorts } from "../../node/hospital.ts";
import { makeMaskedObjects } from "../../node/masked-objects.ts";
import type { ContractCall } from "../fakes/contract.ts";
import type { Safety } from "./safety.ts";
import type { Site } from "./site.ts";

export function checkedPorts(ports: HospitalPorts, { site, safety }: { site: Site; safety: Safety }): HospitalPorts {
  const { ledger, gossip, signatures, learner } = ports;
  const sent = (call: ContractCall) => safety.sent(site, call);
  return {
    ...ports,
    ledger: {
      federation: ledger.federation,
      self: ledger.self,
      chainTime: (waiting) => ledger.chainTime(waiting),
      privateSums: (waiting) => ledger.privateSums(waiting),
      members: (waiting) => ledger.members(waiting),
      latestRound: (waiting) => ledger.latestRound(waiting),
      round: (id, waiting) => ledger.round(id, waiting),
      history: (waiting) => ledger.history(waiting),
      changes: (waiting) => ledger.changes(waiting),
      openRound(args, waiting) {
        sent({ name: "openRound", args });
        return ledger.openRound(args, waiting);
      },
      commitUpdate(args, waiting) {
        sent({ name: "commitUpdate", args });
        return ledger.commitUpdate(args, waiting);
      },
      commitUpdates: (round, signed, waiting) => ledger.commitUpdates(round, signed, waiting),
      attestFor: (votes, waiting) => ledger.attestFor(votes, waiting),
      sealRound(args, waiting) {
        sent({ name: "sealRound", args });
        return ledger.sealRound(args, waiting);
      },
      proposeModel(args, waiting) {
        sent({ name: "proposeModel", args });
        return ledger.proposeModel(args, waiting);
      },
      attest(args, waiting) {
        sent({ name: "attest", args });
        return ledger.attest(args, waiting);
      },
      expire(round, waiting) {
        sent({ name: "expire", args: { round } });
        return ledger.expire(round, waiting);
      },
    },
    learner: {
      shard: () => learner.shard(),
      train: (request, options) => learner.train(request, options),
      predict: (request, waiting) => learner.predict(request, waiting),
      sumPatients(request, options) {
        safety.sampled(site, request.coins);
        return learner.sumPatients(request, options);
      },
    },
    async makeMasked(input) {
      const made = await makeMaskedObjects(input);
      safety.masked(site, input.context.round, made.masked);
      return made;
    },
    gossip: {
      publish(announcement) {
        safety.announced(site, announcement);
        return gossip.publish(announcement);
      },
      subscribe: (listener) => gossip.subscribe(listener),
    },
    signatures: {
      sign(data) {
        safety.signed(site, data);
        return signatures.sign(data);
      },
      recover: (data, signature) => signatures.recover(data, signature),
    },
  };
}
