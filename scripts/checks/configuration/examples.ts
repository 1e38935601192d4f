// A whole example of each file, from which the reference takes an example for each field; a test has every schema accept its own.

import { strategyNames } from "../../../protocol/strategy/registry.ts";
import { planFrom } from "../../plan/plan-from-choices.ts";

const federation = {
  version: 1,
  chainId: 11155111,
  contract: "0x5fbdb2315678afecb367f032d93f642f64180aa3",
  fromBlock: 5123000,
  codeDigest: `0x${"1a".repeat(32)}`,
  abiDigest: `0x${"2b".repeat(32)}`,
  predecessor: null,
};

const peer = "/dns4/aggregator.example/tcp/4710/p2p/12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo";
const endpoints = ["https://rpc.example/", "https://rpc.other/"];

const party = {
  federation: "federation.json",
  chain: { endpoints, confirmations: 12, pollMs: 2000, maxFeeGwei: 100, relayed: false, relayGasPerRound: 0 },
  keys: {
    keystore: "keys/keystore.json",
    passwordFile: "/run/secrets/keystore-password",
    peerKey: "keys/peer.key",
  },
  network: {
    listen: ["/ip4/0.0.0.0/tcp/4710"],
    peers: [peer],
    announce: ["/dns4/hospital.example/tcp/4710"],
    relay: true,
    serveAuditors: true,
    maxUploadMbit: 20,
  },
  telemetry: { listen: "10.0.0.7:9464" },
  openTelemetry: { endpoint: "http://collector.example:4318", intervalSeconds: 30 },
  dashboard: { listen: "10.0.0.7:4780", tokenFile: "/run/secrets/consilium-dashboard" },
  store: "/var/lib/consilium/store",
  maxStoreGiB: 100,
  maxModelMiB: 2048,
};

const plans = [
  planFrom({ preset: "iv3", rounds: 50, seed: 11, reconstruction: true, mirror: true }),
  planFrom({ strategy: "fedavgm", optimiser: "sgd" }),
  planFrom({ private: true }),
  planFrom({ private: true, epsilon: 8 }),
  planFrom({ private: true, buckets: 3 }),
  ...strategyNames.map((strategy) => planFrom({ strategy })),
].map((plan) => ({ ...plan, reports: ["seconds"] }));

/** By the name of the file; several where one file cannot have all fields. */
export const examples = {
  hospital: [{ ...party, shard: "/var/lib/consilium/shard", plan: `0x${"3f".repeat(32)}`, scoresEvery: 5 }] as object[],
  aggregator: [
    { ...party, plan: "plan.json", genesis: "genesis.safetensors", rounds: 20, settleSeconds: 60 },
  ] as object[],
  consortium: [
    {
      chain: { id: federation.chainId, endpoints, confirmations: 12, maxFeeGwei: 100 },
      keys: { keystore: "owner/keystore.json", passwordFile: "/run/secrets/owner-password" },
      federation: "federation.json",
      plan: "plan.json",
      genesis: "genesis.safetensors",
      terms: {
        commitPeriod: "24h",
        proposePeriod: "1h",
        attestPeriod: "12h",
        minUpdates: 3,
        maxExpired: 8,
        sampleCap: 100000,
        earlyShare: 75,
        gracePeriod: "6h",
      },
      members: [{ name: "north", role: "hospital", address: "0x70997970c51812dc3a010c7d01b50e0d17dc79c8" }],
      handOver: "hospitals",
      predecessor: federation.contract,
      invitation: { peers: [peer], endpoints: ["https://rpc.example/"] },
    },
  ] as object[],
  federation: [federation] as object[],
  plan: plans as object[],
};

/** The first example that has a value there; undefined where none has. */
export function exampleAt(file: keyof typeof examples, path: string): unknown {
  for (const example of examples[file]) {
    const found = path.split(".").reduce<unknown>((at, name) => {
      const value = (at as Readonly<Record<string, unknown>> | undefined)?.[name.replace("[]", "")];
      return name.endsWith("[]") ? (value as unknown[] | undefined)?.[0] : value;
    }, example);
    if (found !== undefined) return found;
  }
  return undefined;
}
