/**
 * What every party computes to the same bit: the objects of a federation and their names, updates, and aggregation. Pure:
 * no network, no clock, no TensorFlow.
 *
 * @module protocol
 */

export type { Prediction } from "../foundation/statistics/scores.ts";
export type { Waiting } from "../foundation/waiting.ts";
export type { ContractEvent, EventPlace, LedgerEvent, RoundEvent } from "../protocol/contract/events.ts";
export type {
  Attestation,
  Commitment,
  Member,
  MemberRole,
  PrivateSums,
  Proposal,
  RoundState,
  RoundStatus,
  RoundTerms,
  Seal,
} from "../protocol/contract/round.ts";
export type { Announcement } from "../protocol/format/announcement.ts";
export { canonicalBytes } from "../protocol/format/canonical.ts";
export { defaultPlan, type PlanChoices } from "../protocol/format/default-plan.ts";
export {
  type Digest,
  type HospitalAddress,
  parseAddress,
  parseDigest,
  parseRoundId,
  type RoundId,
  zeroDigest,
} from "../protocol/format/digest.ts";
export type { FederationId } from "../protocol/format/federation-id.ts";
export { decodeManifest, type Manifest } from "../protocol/format/manifest.ts";
export { type BlobOutline, blobDigest, outlineDigest, outlineOf } from "../protocol/format/merkle.ts";
export type { ModelSpec, TrainingSpec } from "../protocol/format/model-spec.ts";
export { decodePlan, encodePlan, type Plan } from "../protocol/format/plan.ts";
export {
  decodeSafetensors,
  encodeSafetensors,
  type NamedTensor,
  parseSafetensorsHeader,
  type SafetensorsHeader,
  type TensorData,
  type TensorEntry,
  type TensorType,
} from "../protocol/format/safetensors.ts";
export type {
  Learner,
  PatientStepOutcome,
  PatientStepRequest,
  Split,
  TrainOutcome,
  TrainProgress,
  TrainRequest,
} from "../protocol/learner.ts";
export type {
  BlobExchange,
  BlobStore,
  BlobWriter,
  Gossip,
  Journal,
  Ledger,
  Log,
  NoteValue,
  Signatures,
  SignedAttestation,
  SignedCommitment,
  TypedData,
} from "../protocol/ports.ts";
export type { PrivateContext } from "../protocol/private/context.ts";
export type { SecretCoins } from "../protocol/private/patient-sum.ts";
export {
  type AggregationInput,
  type AggregationReport,
  aggregate,
  aggregateToBytes,
  type IncludedUpdate,
} from "../protocol/strategy/aggregate.ts";
export type { PairwiseDistances } from "../protocol/strategy/pairwise-distances.ts";
export { type PlanFault, planFaults } from "../protocol/strategy/plan-faults.ts";
export { requiredUpdates, strategyNames, strategyOf } from "../protocol/strategy/registry.ts";
export type { AggregationRule, Columns, ServerStep, SpecOf, Strategy } from "../protocol/strategy/strategy.ts";
export type { StrategyName, StrategySpec } from "../protocol/strategy/strategy-spec.ts";
export {
  type ByteSink,
  type ByteSource,
  type MemorySink,
  memorySink,
  memorySource,
} from "../protocol/update/byte-source.ts";
export type { TrainedWeights } from "../protocol/update/changes.ts";
export type { IntegerArray } from "../protocol/update/integers.ts";
export { type MadeUpdate, makeUpdate, type UpdateInput } from "../protocol/update/make-update.ts";
export { maxUpdateBytes, type UpdatePlan } from "../protocol/update/update-layout.ts";
export type { UpdateSpec } from "../protocol/update/update-spec.ts";
export { verifyUpdate } from "../protocol/update/verify-update.ts";
