// The contract's ABI as TypeScript types and codecs: a call with wrong arguments does not compile, and another contract's
// event does not parse. Hardhat writes the ABI's literal type beside the artifact; nothing is generated here.
import { readFileSync } from "node:fs";
import type { EventFragment, InterfaceAbi, ParamType } from "ethers";
import { Interface } from "ethers/abi";
import { id } from "ethers/hash";
import type { TrainingRounds$Type } from "../../artifacts/contracts/TrainingRounds.sol/artifacts.d.ts";
import { FedError } from "../../foundation/errors.ts";

type Fragment = TrainingRounds$Type["abi"][number];
type Functions = Extract<Fragment, { readonly type: "function" }>;
type Events = Extract<Fragment, { readonly type: "event" }>;

interface Parameter {
  readonly name: string;
  readonly type: string;
  readonly components?: readonly Parameter[];
}

/** A Solidity type in TypeScript; Int is number | bigint in arguments, bigint in results. */
type Value<P extends Parameter, Int> = P["type"] extends `${string}[]` ? readonly Single<P, Int>[] : Single<P, Int>;
type Single<P extends Parameter, Int> = P extends { readonly components: readonly Parameter[] }
  ? { readonly [C in P["components"][number] as C["name"]]: Value<C, Int> }
  : P["type"] extends `uint${string}`
    ? Int
    : P["type"] extends "bool"
      ? boolean
      : string;
type Values<Ps extends readonly Parameter[], Int> = { [K in keyof Ps]: Value<Ps[K], Int> };
type Named<Ps extends readonly Parameter[], Int> = { readonly [P in Ps[number] as P["name"]]: Value<P, Int> };

export type FunctionName = Functions["name"];
export type Arguments<Name extends FunctionName> = Values<
  Extract<Functions, { readonly name: Name }>["inputs"],
  number | bigint
>;
/** The first value that a view function returns. */
export type Returned<Name extends FunctionName> = Values<
  Extract<Functions, { readonly name: Name }>["outputs"],
  bigint
>[0];

/** An event of the contract with its arguments by name. */
export type ContractEvent = {
  readonly [Name in Events["name"]]: {
    readonly name: Name;
    readonly args: Named<Extract<Events, { readonly name: Name }>["inputs"], bigint>;
  };
}[Events["name"]];

interface Artifact {
  readonly abi: InterfaceAbi;
  readonly bytecode: string;
  readonly deployedBytecode: string;
  readonly immutableReferences: Readonly<Record<string, readonly CodeRange[]>>;
}

/** Bytes of the code. */
interface CodeRange {
  readonly start: number;
  readonly length: number;
}

const artifact = JSON.parse(
  readFileSync(new URL("../../artifacts/contracts/TrainingRounds.sol/TrainingRounds.json", import.meta.url), "utf8"),
) as Artifact;

export const trainingRoundsInterface: Interface = new Interface(artifact.abi);
/** Creation code, to which the constructor's arguments are appended. */
export const creationCode: string = artifact.bytecode;
/** Code on chain, with zeros in place of the immutables, which the constructor fills in. */
export const deployedCode: { readonly bytecode: string; readonly immutables: readonly CodeRange[] } = {
  bytecode: artifact.deployedBytecode,
  immutables: Object.values(artifact.immutableReferences).flat(),
};
/** Keccak-256 of the ABI in sorted human-readable form: programs with the same digest use the same calls and events. */
export const abiDigest: string = id(trainingRoundsInterface.format(true).sort().join("\n"));

/** By first topic, which ethers hashes anew at each look-up, for every event of the interface. */
const eventsByTopic = new Map<string, EventFragment>();
trainingRoundsInterface.forEachEvent((event) => eventsByTopic.set(event.topicHash, event));

/** First topics of the contract's events, but those left out. */
export function eventTopics(leftOut: readonly ContractEvent["name"][]): string[] {
  const wanted = [...eventsByTopic].filter(([, { name }]) => !(leftOut as readonly string[]).includes(name));
  return wanted.map(([topic]) => topic);
}

export function encodeCall<Name extends FunctionName>(name: Name, args: Arguments<Name>): string {
  return trainingRoundsInterface.encodeFunctionData(name, args as readonly unknown[]);
}

/** @throws RPC_MALFORMED when the bytes are not what the function returns */
export function decodeReturned<Name extends FunctionName>(name: Name, data: string): Returned<Name> {
  const type = trainingRoundsInterface.getFunction(name)?.outputs[0];
  try {
    const [value] = trainingRoundsInterface.decodeFunctionResult(name, data);
    return (type && plain(value, type)) as Returned<Name>;
  } catch (cause) {
    throw new FedError("RPC_MALFORMED", { where: name }, { cause });
  }
}

/** The event of a log of the contract; undefined for a log that is none of its events. */
export function parseEvent(log: {
  readonly topics: readonly string[];
  readonly data: string;
}): ContractEvent | undefined {
  const event = eventsByTopic.get(log.topics[0]?.toLowerCase() ?? "");
  if (!event) return undefined;
  try {
    const values = trainingRoundsInterface.decodeEventLog(event, log.data, log.topics);
    return { name: event.name, args: plainStruct(values, event.inputs) } as ContractEvent;
  } catch {
    return undefined; // an event's topic with data that is not the event's
  }
}

/** ethers' Result, an array and an object in one, as plain arrays and objects. */
function plain(value: unknown, type: ParamType): unknown {
  const { arrayChildren, components } = type;
  if (arrayChildren) return (value as readonly unknown[]).map((inner) => plain(inner, arrayChildren));
  return components ? plainStruct(value as readonly unknown[], components) : value;
}

function plainStruct(values: readonly unknown[], types: readonly ParamType[]): unknown {
  return Object.fromEntries(types.map((type, i) => [type.name, plain(values[i], type)]));
}
