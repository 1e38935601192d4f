// Rules by which an endpoint lies, for tests: changed answers, a head that stands still, invented blocks.
import type { TestChain } from "./chain.ts";
import { digestOf } from "./federation.ts";
import type { Exchange, Rule } from "./proxy.ts";

export type Fields = Record<string, unknown>;

const hex = (value: number) => `0x${value.toString(16)}`;

/** A time a minute later. */
export const later = (value: unknown) => hex(Number(value) + 60);

/** Changes the results of methods; each element of a list. */
export const changed =
  (changes: Readonly<Record<string, (result: Fields) => Fields>>): Rule =>
  async ({ method, forward }) => {
    const result = (await forward()) as Fields | Fields[] | null;
    const change = changes[method];
    if (!change || result === null) return result;
    return Array.isArray(result) ? result.map(change) : change(result);
  };

/** Shows no block after this one. */
export function frozenAt(chain: TestChain, block: number): Rule {
  return async ({ method, params, forward }: Exchange) => {
    if (method === "eth_blockNumber") return hex(block);
    if (method !== "eth_getBlockByNumber") return forward();
    if (params[0] === "latest") return chain.rpc("eth_getBlockByNumber", [hex(block), false]);
    return Number(params[0]) > block ? null : forward();
  };
}

/** Shows three blocks on top of the chain, the first with an event that the contract never emitted. */
export function aheadOf(chain: TestChain): Rule {
  return async ({ method, params, forward }) => {
    const newest = Number(await chain.rpc("eth_blockNumber", []));
    const invented = async (number: number) => {
      const parent = (await chain.rpc("eth_getBlockByNumber", [hex(newest), false])) as Fields;
      const hash = (of: number) => (of === newest ? parent["hash"] : digestOf(`invented ${of}`));
      const timestamp = hex(Number(parent["timestamp"]) + number - newest);
      return { ...parent, number: hex(number), hash: hash(number), parentHash: hash(number - 1), timestamp };
    };
    const last = newest + 3;
    if (method === "eth_blockNumber") return hex(last);
    if (method === "eth_getBlockByNumber") {
      const wanted = params[0] === "latest" ? last : Number(params[0]);
      return wanted > newest ? invented(wanted) : forward();
    }
    if (method !== "eth_getLogs") return forward();
    const logs = (await forward()) as Fields[];
    if (Number(params[0].toBlock) <= newest || logs.length === 0) return logs;
    const block = await invented(newest + 1);
    const { number: blockNumber, hash: blockHash, timestamp: blockTimestamp } = block;
    return [...logs, { ...logs.at(-1), blockNumber, blockHash, blockTimestamp, logIndex: "0x0" }];
  };
}
