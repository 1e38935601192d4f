// The steps of founding a federation: create the contract, admit its first members, and hand it over to its next owner.
// Ignition notes each step before and after it is sent, so that an interrupted founding can be resumed.
import { buildModule } from "@nomicfoundation/ignition-core";
import { ZeroAddress } from "ethers";
import { type FoundedSums, roleNumbers } from "../../io/chain/deploy-federation.ts";
import type { MemberRole, RoundTerms } from "../../protocol/contract/round.ts";
import { type Digest, type HospitalAddress, zeroDigest } from "../../protocol/format/digest.ts";

export interface FoundingSteps {
  /** Pays for all steps and owns the federation until it is handed over. */
  readonly deployer: string;
  readonly terms: RoundTerms;
  /** Their indices follow this order. */
  readonly members: readonly { readonly address: HospitalAddress; readonly role: MemberRole }[];
  /** The plan of the first rounds, and the model that they start from; agreed on later if not given. */
  readonly plan: Digest | undefined;
  readonly genesis: Digest | undefined;
  /** The federation that this one continues. */
  readonly predecessor: HospitalAddress | undefined;
  /** The plan's mechanism of private sums, and the sums that may be opened; undefined without private sums. */
  readonly privateSums: FoundedSums | undefined;
  /** The next owner, who must accept; "hospitals" for their vote. */
  readonly handOver: HospitalAddress | "hospitals" | undefined;
}

/** The steps as an Ignition module. Ignition refuses to resume if another step has the same id. */
export function federationModule(steps: FoundingSteps) {
  const { deployer, terms, members, plan, genesis, predecessor, privateSums, handOver } = steps;
  return buildModule("Federation", (m) => {
    const { commitPeriod, proposePeriod, attestPeriod, minUpdates, maxExpired, sampleCap, earlyShare, gracePeriod } =
      terms;
    const rounds = m.contract("TrainingRounds", [
      deployer,
      { commitPeriod, proposePeriod, attestPeriod, minUpdates, maxExpired, sampleCap, earlyShare, gracePeriod },
      predecessor ?? ZeroAddress,
      plan ?? zeroDigest,
      genesis ?? zeroDigest,
      privateSums?.mechanism ?? zeroDigest,
      privateSums?.maxSeals ?? 0,
    ]);
    // Ignition sends independent steps in the order of their ids: hence the numbers.
    const admissions = members.map(({ address, role }, i) =>
      m.call(rounds, "admit", [address, roleNumbers[role]], { id: `admit_${String(i).padStart(3, "0")}` }),
    );
    if (handOver !== undefined) {
      const owner = handOver === "hospitals" ? rounds : handOver;
      m.call(rounds, "transferOwnership", [owner], { id: "handOver", after: admissions });
    }
    return { rounds };
  });
}
