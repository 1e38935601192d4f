// A deployed federation on Hardhat's in-process chain, for the contract's tests.
import { randomBytes } from "node:crypto";
import {
  type Contract,
  ContractFactory,
  hexlify,
  id,
  Signature,
  type Signer,
  type TypedDataDomain,
  Wallet,
  ZeroAddress,
  ZeroHash,
} from "ethers";
import { network } from "hardhat";
import { creationCode, trainingRoundsInterface } from "../../io/chain/training-rounds.ts";

export const defaultTerms = {
  commitPeriod: 600,
  proposePeriod: 300,
  attestPeriod: 200,
  minUpdates: 2,
  maxExpired: 3,
  sampleCap: 1000,
  earlyShare: 0,
  gracePeriod: 0,
};
export const hospitalRole = 1;
export const aggregatorRole = 2;
export const genesis = id("genesis");
export const plan = id("plan");

/** What `Contract` knows of the contract's methods, without "possibly undefined" at each. */
// biome-ignore lint/suspicious/noExplicitAny: ethers resolves methods at run time; io/chain has the typed form
export type Rounds = Contract & Record<string, any>;

export async function connectChain() {
  const connection = await network.create();
  return connection;
}

export type Chain = Awaited<ReturnType<typeof connectChain>>;

/** Deploys a federation whose owner is the first account, with hospitals of their own keys and one aggregator. */
export async function deployFederation(
  chain: Chain,
  {
    hospitals: count = 4,
    terms = defaultTerms,
    planDigest = plan,
    genesisDigest = genesis,
    predecessor = ZeroAddress,
    mechanism = ZeroHash,
    maxSeals = 0,
  } = {},
) {
  const { ethers } = chain;
  const [owner, aggregator, stranger] = (await ethers.getSigners()) as unknown as [Signer, Signer, Signer];
  const factory = new ContractFactory(trainingRoundsInterface, creationCode, owner);
  const deployed = await factory.deploy(
    await owner.getAddress(),
    Object.values(terms),
    predecessor,
    planDigest,
    genesisDigest,
    mechanism,
    maxSeals,
  );
  const rounds = deployed as unknown as Rounds;
  const address = await deployed.getAddress();
  const hospitals = Array.from({ length: count }, () => newWallet(chain));
  for (const hospital of hospitals) {
    await chain.provider.request({
      method: "hardhat_setBalance",
      params: [hospital.address, "0x56bc75e2d63100000"],
    });
    await (await rounds.admit(hospital.address, hospitalRole)).wait();
  }
  await (await rounds.admit(await aggregator.getAddress(), aggregatorRole)).wait();
  const domain: TypedDataDomain = {
    name: "Consilium",
    version: "1",
    chainId: (await ethers.provider.getNetwork()).chainId,
    verifyingContract: address,
  };
  const as = (signer: Signer): Rounds => rounds.connect(signer) as unknown as Rounds;
  return { chain, rounds, address, owner, aggregator, stranger, hospitals, domain, as, terms };
}

export type Federation = Awaited<ReturnType<typeof deployFederation>>;

/** Bitmap of the first `count` members. */
export function firstMembers(count: number): bigint {
  return (1n << BigInt(count)) - 1n;
}

/** A key that the chain has never seen. */
export function newWallet(chain: Chain): Wallet {
  return new Wallet(hexlify(randomBytes(32)), chain.ethers.provider);
}

/** A commitment as its hospital signs it and as the contract takes it. */
export async function signCommitment(
  { domain }: Pick<Federation, "domain">,
  hospital: Pick<Wallet, "signTypedData">,
  { round, manifest, sampleCount }: { round: number; manifest: string; sampleCount: number },
) {
  const types = {
    Commitment: [
      { name: "round", type: "uint32" },
      { name: "manifest", type: "bytes32" },
      { name: "sampleCount", type: "uint32" },
    ],
  };
  const signature = Signature.from(await hospital.signTypedData(domain, types, { round, manifest, sampleCount }));
  return { manifestDigest: manifest, sampleCount, r: signature.r, vs: signature.yParityAndS };
}

/** A vote as its hospital signs it and as the contract takes it. */
export async function signAttestation(
  { domain }: Pick<Federation, "domain">,
  hospital: Pick<Wallet, "signTypedData">,
  said: { round: number; proposal: number; model: string; agree: boolean; scores: string },
) {
  const types = {
    Attestation: [
      { name: "round", type: "uint32" },
      { name: "proposal", type: "uint8" },
      { name: "model", type: "bytes32" },
      { name: "agree", type: "bool" },
      { name: "scores", type: "bytes32" },
    ],
  };
  const signature = Signature.from(await hospital.signTypedData(domain, types, said));
  return { agree: said.agree, scoresDigest: said.scores, r: signature.r, vs: signature.yParityAndS };
}

/** Opens a round and commits the given hospitals, directly. */
export async function openAndCommit(federation: Federation, committers = federation.hospitals) {
  const { as, aggregator } = federation;
  const open = await (await as(aggregator).openRound()).wait();
  const round = Number((await federation.rounds.latestRound()).id);
  const commits = [];
  for (const [i, hospital] of committers.entries()) {
    commits.push(await (await as(hospital).commitUpdate(round, id(`manifest ${i}`), 100 + i)).wait());
  }
  return { round, open, commits };
}
