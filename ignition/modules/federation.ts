// What founding a federation does on chain: the contract, its first members, and the hand-over to whoever owns it then.
// Ignition notes each step before and after it is sent, so that a founding that was cut off goes on where it was.
import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { ZeroAddress } from "ethers";
import { roleNumbers } from "../../io/chain/deploy-federation.ts";
import type { MemberRole, RoundTerms } from "../../protocol/contract/round.ts";
import { type Digest, type HospitalAddress, zeroDigest } from "../../protocol/format/digest.ts";

export interface FoundingSteps {
  /** Pays for all steps and owns the federation until it is handed over. */
  readonly deployer: string;
  readonly terms: RoundTerms;
  /** In this order they get their indices. */
  readonly members: readonly { readonly address: HospitalAddress; readonly role: MemberRole }[];
  /** The model of the first round; left to its opener when not given. */
  readonly genesis: Digest | undefined;
  /** The federation that this one continues. */
  readonly predecessor: HospitalAddress | undefined;
  /** Who is to own it; "hospitals" hands it to their vote. They accept it by themselves. */
  readonly handOver: HospitalAddress | "hospitals" | undefined;
}

/** The steps as an Ignition module. Ids name what a step does: another step under the same id is refused on resuming. */
export function federationModule({ deployer, terms, members, genesis, predecessor, handOver }: FoundingSteps) {
  return buildModule("Federation", (m) => {
    const { commitPeriod, proposePeriod, attestPeriod, minUpdates, maxProposals, sampleCap } = terms;
    const rounds = m.contract("TrainingRounds", [
      deployer,
      { commitPeriod, proposePeriod, attestPeriod, minUpdates, maxProposals, sampleCap },
      predecessor ?? ZeroAddress,
      genesis ?? zeroDigest,
    ]);
    // Ignition sends what does not wait for each other in the order of the ids: hence the numbers.
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
