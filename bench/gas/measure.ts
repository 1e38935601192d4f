// Gas of a federation's transactions on Hardhat's own EVM. Keys, digests and order are fixed, so that the same contract
// gives the same figures on every machine, to the unit.
import { Contract, ContractFactory, id, Signature, Wallet, ZeroAddress, ZeroHash } from "ethers";
import { network } from "hardhat";
import { creationCode, trainingRoundsInterface } from "../../io/chain/training-rounds.ts";

const day = 86_400;
const terms = [day, day, day, 2, 3, 1000, 0, 0] as const;
const hospitalRole = 1;

type Chain = Awaited<ReturnType<typeof network.create>>;
// biome-ignore lint/suspicious/noExplicitAny: ethers resolves methods at run time; io/chain has the typed form
type Methods = Contract & Record<string, any>;

/** One round of direct commitments. */
export interface RoundGas {
  readonly open: number;
  readonly firstCommitment: number;
  /** The most expensive of the commitments after the first. */
  readonly commitment: number;
  /** 0 without private sums. */
  readonly seal: number;
  readonly propose: number;
  /** The most expensive one, including the one that makes the model final. */
  readonly attestation: number;
  /** From opening to final: all commitments, and as many attestations as finality needs. */
  readonly toFinal: number;
  /** The attestations that come after finality, for the record, on top. */
  readonly withAllAttestations: number;
}

export interface GasReport {
  readonly deploy: number;
  readonly admit: number;
  /** Of a federation of ten with private sums: its first round, and a later one. */
  readonly privateRounds: { readonly first: RoundGas; readonly later: RoundGas };
  /** By number of hospitals; in the federation's second round, as in all later ones. */
  readonly rounds: Readonly<Record<string, RoundGas>>;
  /** The first round of a federation of ten, whose storage is still empty. */
  readonly firstRound: RoundGas;
  /** Commitments that others send, for each hospital, by number of hospitals in one transaction. */
  readonly relayed: Readonly<Record<string, number>>;
  /** Votes that others send, likewise. */
  readonly relayedVotes: Readonly<Record<string, number>>;
}

/** @param sizes numbers of hospitals, each a federation of its own, at most 256 */
export async function measureGas(sizes: readonly number[]): Promise<GasReport> {
  const chain = await network.create();
  try {
    const ten = await foundFederation(chain, 10);
    const firstRound = await ten.round();
    const withSums = await foundFederation(chain, 10, { mechanism: id("mechanism"), maxSeals: 100 });
    const privateRounds = { first: await withSums.round(), later: await withSums.round() };
    const rounds: Record<string, RoundGas> = {};
    const relayed: Record<string, number> = {};
    const relayedVotes: Record<string, number> = {};
    for (const size of sizes) {
      const federation = await foundFederation(chain, size);
      await federation.round();
      rounds[size] = await federation.round();
      const { commitment, vote } = await federation.relayedRound();
      relayed[size] = commitment;
      relayedVotes[size] = vote;
    }
    return { deploy: ten.deploy, admit: ten.admit, privateRounds, firstRound, rounds, relayed, relayedVotes };
  } finally {
    await chain.close();
  }
}

async function foundFederation(
  chain: Chain,
  size: number,
  { mechanism, maxSeals } = { mechanism: ZeroHash, maxSeals: 0 },
) {
  const { provider } = chain.ethers;
  const [owner] = await chain.ethers.getSigners();
  const hospitals = Array.from({ length: size }, (_, i) => new Wallet(id(`hospital ${i}`), provider));
  for (const { address } of hospitals) await chain.networkHelpers.setBalance(address, 10n ** 20n);
  // biome-ignore lint/suspicious/noExplicitAny: the signer's type is hardhat-ethers', not ethers' own
  const factory = new ContractFactory(trainingRoundsInterface, creationCode, owner as any);
  const agreed = [id("plan"), id("genesis"), mechanism, maxSeals];
  const deployed = await factory.deploy(owner?.address, terms, ZeroAddress, ...agreed);
  const contract = await deployed.getAddress();
  const deploy = Number((await deployed.deploymentTransaction()?.wait())?.gasUsed);
  const as = (signer: unknown) => new Contract(contract, trainingRoundsInterface, signer as Wallet) as Methods;
  let admit = 0;
  for (const { address } of hospitals) admit = await gasOf(as(owner).admit(address, hospitalRole));
  const everybody = (1n << BigInt(size)) - 1n;
  const [opener] = hospitals as [Wallet];
  let round = 0;

  const finish = async () => {
    const model = id(`model ${round}`);
    const propose = await gasOf(as(opener).proposeModel(round, model, everybody));
    const attestations: number[] = [];
    for (const hospital of hospitals) {
      attestations.push(await gasOf(as(hospital).attest(round, model, true, id(`scores ${hospital.address}`))));
    }
    return { propose, attestations };
  };

  return {
    deploy,
    admit,
    async round(): Promise<RoundGas> {
      round++;
      const open = await gasOf(as(opener).openRound());
      const commitments: number[] = [];
      for (const [i, hospital] of hospitals.entries()) {
        commitments.push(await gasOf(as(hospital).commitUpdate(round, id(`manifest ${round} ${i}`), 200 + i)));
      }
      const seal = maxSeals === 0 ? 0 : await gasOf(as(opener).sealRound(round, everybody));
      const { propose, attestations } = await finish();
      const quorum = Math.floor((2 * size) / 3) + 1;
      const toFinal = open + sum(commitments) + seal + propose + sum(attestations.slice(0, quorum));
      const [firstCommitment = 0, ...later] = commitments;
      return {
        ...{ open, firstCommitment, commitment: Math.max(0, ...later), seal, propose },
        attestation: Math.max(...attestations.slice(0, quorum)),
        ...{ toFinal, withAllAttestations: toFinal + sum(attestations.slice(quorum)) },
      };
    },
    /** @returns gas for each hospital */
    async relayedRound(): Promise<{ commitment: number; vote: number }> {
      round++;
      await as(opener).openRound();
      const { chainId } = await provider.getNetwork();
      const domain = { name: "Consilium", version: "1", chainId, verifyingContract: contract };
      const signed = [];
      for (const [i, hospital] of hospitals.entries()) {
        const message = { round, manifest: id(`manifest ${round} ${i}`), sampleCount: 200 + i };
        const { r, yParityAndS: vs } = Signature.from(await hospital.signTypedData(domain, commitmentTypes, message));
        signed.push({ manifestDigest: message.manifest, sampleCount: message.sampleCount, r, vs });
      }
      const commitments = await gasOf(as(opener).commitUpdates(round, signed));
      const model = id(`model ${round}`);
      await gasOf(as(opener).proposeModel(round, model, everybody));
      const votes = [];
      for (const hospital of hospitals) {
        const message = { round, proposal: 1, model, agree: true, scores: id(`scores ${hospital.address}`) };
        const { r, yParityAndS: vs } = Signature.from(await hospital.signTypedData(domain, attestationTypes, message));
        votes.push({ agree: true, scoresDigest: message.scores, r, vs });
      }
      const attestations = await gasOf(as(opener).attestFor(round, model, votes));
      return { commitment: Math.round(commitments / size), vote: Math.round(attestations / size) };
    },
  };
}

const commitmentTypes = {
  Commitment: [
    { name: "round", type: "uint32" },
    { name: "manifest", type: "bytes32" },
    { name: "sampleCount", type: "uint32" },
  ],
};

const attestationTypes = {
  Attestation: [
    { name: "round", type: "uint32" },
    { name: "proposal", type: "uint8" },
    { name: "model", type: "bytes32" },
    { name: "agree", type: "bool" },
    { name: "scores", type: "bytes32" },
  ],
};

async function gasOf(sent: Promise<{ wait(): Promise<{ gasUsed: bigint } | null> }>): Promise<number> {
  return Number((await (await sent).wait())?.gasUsed);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
