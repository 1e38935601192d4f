// The RPC endpoints, each asked by itself: reachable, on the right chain, up to date, with history, in agreement.
import { isFedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import { callRpc } from "../../io/chain/json-rpc.ts";
import { endpointName } from "../../io/chain/rpc-address.ts";
import { type Header, parseBytes, parseHeader, parseQuantity, toQuantity } from "../../io/chain/rpc-values.ts";
import { bad, type Finding, good, note } from "./finding.ts";

const timeoutMs = 10_000;
/** Blocks that one endpoint may be behind another without a word: they hear of a block at different moments. */
const usualLag = 3;
/** Chains make a block each second to each minute; a head as old as this is one that stands still. */
const oldHeadSeconds = 600;
/** A block's time may be some seconds ahead of the clocks that accept it. */
const clockSeconds = 30;

export interface EndpointTarget {
  readonly urls: readonly string[];
  readonly chainId: number;
  readonly contract: string;
  /** Block of the contract's creation. */
  readonly fromBlock: number;
}

interface Answering {
  readonly name: string;
  readonly url: string;
  readonly head: Header;
}

export async function checkEndpoints(target: EndpointTarget, waiting: Waiting = {}): Promise<readonly Finding[]> {
  const answering: Answering[] = [];
  const findings: Finding[] = [];
  for (const url of target.urls) {
    const { finding, head } = await checkOne(url, target, waiting);
    findings.push(finding);
    if (head) answering.push({ name: endpointName(url), url, head });
  }
  if (target.urls.length === 1) {
    const remedy = "add a second endpoint of another operator: a node compares the two, and goes on where one fails";
    findings.push(note("endpoints", "there is one endpoint only", remedy));
  }
  if (answering.length > 1) findings.push(await checkAgreement(answering, waiting));
  const [first] = answering;
  if (first) findings.push(checkClock(first.head));
  return findings;
}

async function checkOne(
  url: string,
  { chainId, contract, fromBlock }: EndpointTarget,
  { signal }: Waiting,
): Promise<{ readonly finding: Finding; readonly head?: Header }> {
  const check = `endpoint ${endpointName(url)}`;
  const call = (method: string, params: readonly unknown[]) => callRpc(url, method, params, { timeoutMs, signal });
  try {
    const started = performance.now();
    const found = parseQuantity(await call("eth_chainId", []));
    const milliseconds = Math.max(1, Math.round(performance.now() - started));
    if (found !== chainId) {
      const remedy = "give an endpoint of the federation's chain in chain.endpoints";
      return { finding: bad(check, `serves chain ${found}; the federation is on chain ${chainId}`, remedy) };
    }
    const head = parseHeader(await call("eth_getBlockByNumber", ["latest", false]));
    if (!head) return { finding: bad(check, "has no block", "wait until it has read the chain, or give another one") };
    const code = parseBytes(await call("eth_getCode", [contract, "latest"]));
    if (code === "0x") {
      const remedy = "wait until it has caught up; if it has, the federation file is of another chain";
      return { finding: bad(check, `block ${head.number} has no contract ${contract}`, remedy), head };
    }
    const block = toQuantity(fromBlock);
    await call("eth_getLogs", [{ address: contract, fromBlock: block, toBlock: block }]);
    return { finding: good(check, `block ${head.number}, answers in ${milliseconds} ms, has the history`), head };
  } catch (error) {
    signal?.throwIfAborted();
    if (!isFedError(error)) throw error;
    const host = endpointName(url);
    const isAway = error.code === "RPC_UNREACHABLE" || error.code === "RPC_TIMEOUT";
    const remedy = isAway ? `to the firewall's team: please allow TCP from this machine out to ${host}` : error.remedy;
    return { finding: bad(check, error.message, remedy) };
  }
}

/** Compares the newest block that all have. */
async function checkAgreement(answering: readonly Answering[], { signal }: Waiting): Promise<Finding> {
  const check = "endpoints";
  const heights = answering.map(({ head }) => head.number);
  const common = Math.min(...heights);
  const hashes = await Promise.all(
    answering.map(async ({ url }) => {
      const block = await callRpc(url, "eth_getBlockByNumber", [toQuantity(common), false], { timeoutMs, signal });
      return parseHeader(block)?.hash;
    }),
  );
  if (new Set(hashes).size > 1) {
    const names = answering.map(({ name }) => name).join(", ");
    const remedy = "one of them is wrong or on a fork: ask its operator, and use others until then";
    return bad(check, `${names} show different blocks ${common}`, remedy);
  }
  const lag = Math.max(...heights) - common;
  const text = `${answering.length} agree on block ${common}`;
  if (lag <= usualLag) return good(check, text);
  const { name } = answering.reduce((a, b) => (b.head.number < a.head.number ? b : a));
  return note(check, `${text}; ${name} is ${lag} blocks behind`, "use one that keeps up");
}

/** Deadlines are in chain time, and logs in this machine's. */
function checkClock({ timestamp }: Header): Finding {
  const behind = Math.round(Date.now() / 1000 - timestamp);
  const remedy = "set the clock by NTP (timedatectl set-ntp true)";
  if (behind < -clockSeconds) return bad("clock", `this machine's clock is ${-behind} s behind the chain's`, remedy);
  if (behind > oldHeadSeconds) {
    const either = "if the chain makes blocks, this machine's clock is ahead: set it by NTP";
    return note("clock", `the newest block is ${behind} s old by this machine's clock`, either);
  }
  return good("clock", `within ${Math.max(clockSeconds, behind)} s of the chain's`);
}
