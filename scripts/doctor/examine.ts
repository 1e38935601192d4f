// All checks of a node's configuration, in the order in which they build on each other. A check whose ground is missing is
// left out: a line above it says what is missing.
import { join } from "node:path";
import { type AggregatorConfig, parseAggregatorConfig } from "../../aggregator/config.ts";
import { isFedError } from "../../foundation/errors.ts";
import { silent } from "../../io/chain/chain-reader.ts";
import { callRpc } from "../../io/chain/json-rpc.ts";
import { type OpenLedger, openLedger } from "../../io/chain/ledger.ts";
import { parseAmount, parseHeader } from "../../io/chain/rpc-values.ts";
import { openAddressBook } from "../../io/p2p/address-book.ts";
import type { Membership } from "../../io/p2p/membership.ts";
import { openObjectFiles } from "../../io/store/object-files.ts";
import { type HospitalConfig, parseHospitalConfig } from "../../node/config.ts";
import { type HospitalAddress, parseDigest, type RoundId } from "../../protocol/format/digest.ts";
import { decodePlan, maxPlanBytes, type Plan } from "../../protocol/format/plan.ts";
import { readConfiguredPassword, readConfigWithFederation } from "../party/read-config.ts";
import { readPlan } from "../plan/read-plan.ts";
import { readPassword as askForPassword } from "../terminal/read-password.ts";
import { checkEndpoints } from "./check-endpoints.ts";
import { type CheckedKeys, checkKeys, failed, inUse } from "./check-keys.ts";
import { checkMachine } from "./check-machine.ts";
import { checkContract, checkFunds, checkMember, type Funds } from "./check-member.ts";
import { checkNetwork } from "./check-network.ts";
import { checkShard } from "./check-shard.ts";
import { type Finding, good } from "./finding.ts";

const rpcTimeoutMs = 10_000;
/** Someone is waiting: the endpoints were tried one by one just before. */
const retryForMs = 2000;

type PartyConfig = HospitalConfig | AggregatorConfig;

/** @throws what the plan's file is refused for; everything else is a finding */
export async function examine(
  configPath: string,
  planFile: string | undefined,
  readPassword: typeof readConfiguredPassword = readConfiguredPassword,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const given = planFile === undefined ? undefined : await readPlan(planFile, "--plan");
  let config: PartyConfig;
  let raw: unknown;
  let baseDir: string;
  try {
    ({ raw, baseDir } = await readConfigWithFederation(configPath));
    config = isHospital(raw) ? parseHospitalConfig(raw, { baseDir }) : parseAggregatorConfig(raw, { baseDir });
  } catch (error) {
    return [failed("configuration", error)];
  }
  const role = "shard" in config ? "hospital" : "aggregator";
  findings.push(good("configuration", `${configPath} is that of a ${role}`));
  findings.push(...(await checkMachine({ store: config.store, trains: role === "hospital" })));

  const keys = await checkKeys(config.keys, await passwordOf(() => readPassword(raw, baseDir), config.keys));
  findings.push(...keys.findings);
  const { federation, chain } = config;
  findings.push(...(await checkEndpoints({ urls: chain.endpoints, ...federation })));
  const ledger = await ledgerOf(config, findings);
  try {
    if (ledger) findings.push(...(await onChain(ledger, config, keys)));
    if ("shard" in config) {
      findings.push(...(await checkShard(config.shard, given ?? (ledger && (await agreedPlan(ledger, config))))));
    }
    if (ledger && keys.isInUse) findings.push(inUse);
    else if (ledger && keys.peerKey) findings.push(...(await network(ledger, config, keys.peerKey, keys.peerId!)));
  } finally {
    ledger?.close();
  }
  return findings;
}

/** A hospital has a shard, and an aggregator a first model. */
function isHospital(raw: unknown): boolean {
  return typeof raw === "object" && raw !== null && !("genesis" in raw);
}

/** Asks at a terminal where the configured file cannot be read, as that of a service cannot while it does not run. */
async function passwordOf(
  read: () => Promise<string>,
  { passwordFile }: PartyConfig["keys"],
): Promise<string | { readonly missing: string | undefined }> {
  for (const attempt of [read, () => askForPassword({ prompt: "Password of the keystore" })]) {
    try {
      return await attempt();
    } catch (error) {
      if (!isFedError(error, "FILE_UNREADABLE", "PASSWORD_MISSING")) throw error;
    }
  }
  return { missing: passwordFile };
}

async function ledgerOf({ federation, chain }: PartyConfig, findings: Finding[]): Promise<OpenLedger | undefined> {
  const { chainId, contract, fromBlock, codeDigest } = federation;
  try {
    return await openLedger({ federation: { chainId, contract }, fromBlock, codeDigest, ...chain, retryForMs });
  } catch (error) {
    findings.push(failed("contract", error));
    return undefined;
  }
}

async function onChain(ledger: OpenLedger, config: PartyConfig, keys: CheckedKeys): Promise<readonly Finding[]> {
  try {
    const findings = [checkContract(ledger)];
    const { self } = keys;
    if (!self) return findings;
    const role = "shard" in config ? "hospital" : "aggregator";
    const party = { self, peerId: keys.peerId, relayed: config.chain.relayed, role } as const;
    findings.push(await checkMember(ledger, party));
    return [...findings, checkFunds(party, await funds(config.chain.endpoints, self))];
  } catch (error) {
    return [failed("contract", error)];
  }
}

/** By the first endpoint that answers. */
async function funds(endpoints: readonly string[], self: HospitalAddress): Promise<Funds> {
  for (const [index, url] of endpoints.entries()) {
    const call = (method: string, params: readonly unknown[]) =>
      callRpc(url, method, params, { timeoutMs: rpcTimeoutMs });
    try {
      const header = parseHeader(await call("eth_getBlockByNumber", ["latest", false]));
      return {
        balance: parseAmount(await call("eth_getBalance", [self, "latest"])),
        price: header?.baseFeePerGas ?? 0n,
      };
    } catch (error) {
      if (index === endpoints.length - 1) throw error;
    }
  }
  return { balance: 0n, price: 0n };
}

/** The plan that the members agreed on, if the store has it already. */
async function agreedPlan(ledger: OpenLedger, { store }: PartyConfig): Promise<Plan | undefined> {
  const digest = parseDigest(await ledger.read("agreedPlan", []));
  const objects = openObjectFiles(join(store, "blobs"));
  if (!(await objects.has(digest))) return undefined;
  return decodePlan(await objects.read(digest, 0, Math.min(maxPlanBytes, (await objects.outline(digest)).size)));
}

async function network(
  ledger: OpenLedger,
  { network: { listen, announce, peers }, store }: PartyConfig,
  identity: Uint8Array,
  self: string,
): Promise<readonly Finding[]> {
  const byPeer = new Map<string, HospitalAddress>();
  for (const { peerId, address, active } of await ledger.members()) if (active && peerId) byPeer.set(peerId, address);
  const latest = await ledger.latestRound();
  const membership: Membership = {
    memberOf: (peerId) => byPeer.get(peerId),
    latestRound: () => latest as RoundId,
    onChange: () => () => {},
  };
  const book = await openAddressBook({ membership, self, onOwn() {}, file: join(store, "addresses"), log: silent });
  const learnt = book.peers().flatMap((peer) => book.addressesOf(peer).slice(0, 1).map(String));
  const isConfigured = (address: string) =>
    peers.some((peer) => peer.split("/p2p/").at(-1) === address.split("/p2p/").at(-1));
  const all = [...peers, ...learnt.filter((address) => !isConfigured(address))];
  return checkNetwork({ listen, announce, peers: all, federation: ledger.federation, membership, identity });
}
