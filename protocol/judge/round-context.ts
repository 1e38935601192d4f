// A round's plan, bases and their headers: what checking its updates needs, once plan and base model are on this machine.

import { FedError } from "../../foundation/errors.ts";
import { deriveSeed } from "../../foundation/random.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import { basesOf, type Lineage } from "../contract/lineage.ts";
import type { RoundState } from "../contract/round.ts";
import type { Digest } from "../format/digest.ts";
import type { FederationId } from "../format/federation-id.ts";
import { decodePlan, maxPlanBytes, type Plan } from "../format/plan.ts";
import type { SafetensorsHeader } from "../format/safetensors.ts";
import type { BlobExchange, BlobStore } from "../ports.ts";
import type { BucketRules } from "../private/buckets.ts";
import type { ByteSource } from "../update/byte-source.ts";
import { readHeader } from "../update/update-reader.ts";

export interface RoundContext {
  readonly federation: FederationId;
  readonly plan: Plan;
  /** Models that updates may have been trained from: the round's base, then as many older ones as the plan allows. */
  readonly bases: readonly Digest[];
  /** Headers of local bases, each read once. */
  readonly baseHeaders: Map<Digest, SafetensorsHeader>;
  /** Of tests with few hospitals; every federation has the protocol's. */
  readonly bucketRules?: BucketRules | undefined;
}

export interface BlobPorts {
  /** Objects on this machine. */
  readonly blobs: BlobStore;
  /** Brings an object into `blobs`, or says that nobody serves it. */
  readonly exchange: BlobExchange;
}

/** Fetches a plan and decodes it. @throws BLOB_UNAVAILABLE, PLAN_TOO_LARGE, PLAN_MALFORMED, PLAN_NOT_CANONICAL */
export async function fetchPlan({ blobs, exchange }: BlobPorts, digest: Digest, waiting: Waiting): Promise<Plan> {
  await exchange.fetch(digest, { maxBytes: maxPlanBytes, ...waiting });
  return decodePlan(await blobs.get(digest, { maxBytes: maxPlanBytes }));
}

/** Fetches a round's plan and base, and lists the bases that its updates may have. @throws as fetchPlan */
export async function openRoundContext(
  ports: BlobPorts,
  round: RoundState,
  lineage: Lineage,
  {
    federation,
    maxModelBytes,
    bucketRules,
    ...waiting
  }: { federation: FederationId; maxModelBytes: number; bucketRules?: BucketRules | undefined } & Waiting,
): Promise<RoundContext> {
  const plan = await fetchPlan(ports, round.plan, waiting);
  await ports.exchange.fetch(round.base, { maxBytes: maxModelBytes, ...waiting });
  const bases = basesOf(round, lineage).slice(0, 1 + plan.strategy.maxStaleness);
  return { federation, plan, bases, baseHeaders: new Map(), bucketRules };
}

/** Bytes per read of a file, so that small reads do not open it each time. */
const windowBytes = 256 * 1024;

/** Reads a local object in pieces; reading forwards is fastest. @throws BLOB_UNKNOWN */
export async function blobSource(blobs: Pick<BlobStore, "outline" | "read">, digest: Digest): Promise<ByteSource> {
  const { size } = await blobs.outline(digest);
  const readWhole = async (offset: number, length: number) => {
    const bytes = await blobs.read(digest, offset, length);
    if (bytes.byteLength !== length) throw new FedError("BLOB_CORRUPT", { digest, offset, length });
    return bytes;
  };
  let start = 0;
  let window: Uint8Array = new Uint8Array(0);
  return {
    size,
    async read(offset, length) {
      if (length >= windowBytes) return readWhole(offset, length);
      if (offset < start || offset + length > start + window.byteLength) {
        window = await readWhole(offset, Math.min(windowBytes, size - offset));
        start = offset;
      }
      return window.subarray(offset - start, offset - start + length);
    },
  };
}

/** The header of a local safetensors object. @throws BLOB_UNKNOWN, SAFETENSORS_MALFORMED */
export async function blobHeader(blobs: BlobStore, digest: Digest): Promise<SafetensorsHeader> {
  return (await readHeader(await blobSource(blobs, digest))).header;
}

/** The seed of a hospital's training in a round. */
export function trainingSeed(plan: Plan, trainedIn: number, hospital: string): number {
  return deriveSeed(plan.seed, "train", trainedIn, hospital);
}
