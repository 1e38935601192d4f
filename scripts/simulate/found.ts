// Founds the simulation's federation on its chain: funds the parties and deploys the contract with members and first model.
import { JsonRpcProvider, parseEther } from "ethers";
import { deployFederation, type Founded } from "../../io/chain/deploy-federation.ts";
import type { RoundTerms } from "../../protocol/contract/round.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import { encodePlan, type Plan } from "../../protocol/format/plan.ts";
import { foundingSums } from "../../protocol/format/privacy-spec.ts";
import { type Identity, simulationWallet } from "./identities.ts";
import type { RunDirectory } from "./run-directory.ts";

/** Chain id of Hardhat's node. */
export const simulationChainId = 31337;
const allowance = parseEther("10");

/** In seconds of chain time; a round continues as soon as all hospitals have acted. */
function termsFor(plan: Plan): RoundTerms {
  const { minUpdates, sampleCap } = plan;
  const periods = { commitPeriod: 1800, proposePeriod: 120, attestPeriod: 120, earlyShare: 0, gracePeriod: 0 };
  return { ...periods, minUpdates, maxExpired: 8, sampleCap };
}

/** @throws what deployFederation throws */
export async function foundFederation(
  run: RunDirectory,
  input: {
    readonly rpc: string;
    readonly plan: Plan;
    readonly genesis: Uint8Array;
    readonly admin: Identity;
    readonly aggregators: readonly Identity[];
    readonly hospitals: readonly Identity[];
  },
  { signal }: { signal: AbortSignal },
): Promise<Founded> {
  const { rpc, plan, genesis, admin, aggregators, hospitals } = input;
  await fundParties(rpc, [admin, ...aggregators, ...hospitals]);
  return deployFederation(
    {
      endpoints: [rpc],
      chainId: simulationChainId,
      deployer: simulationWallet(run.settings.seed, admin.name),
      terms: termsFor(plan),
      members: [
        ...hospitals.map(({ address }) => ({ address, role: "hospital" as const })),
        ...aggregators.map(({ address }) => ({ address, role: "aggregator" as const })),
      ],
      plan: blobDigest(encodePlan(plan)),
      genesis: blobDigest(genesis),
      privateSums: foundingSums(plan),
      pollMs: 20,
    },
    { signal },
  );
}

/** Funds every party without a balance from Hardhat's first account. */
export async function fundParties(rpc: string, parties: readonly Identity[]): Promise<void> {
  const provider = new JsonRpcProvider(rpc, simulationChainId, { staticNetwork: true, pollingInterval: 50 });
  try {
    const rich = await provider.getSigner(0);
    for (const { address } of parties) {
      if ((await provider.getBalance(address)) > 0n) continue;
      await provider.send("eth_sendTransaction", [
        { from: rich.address, to: address, value: `0x${allowance.toString(16)}` },
      ]);
    }
  } finally {
    provider.destroy();
  }
}
