// The plan: everything that decides how a federation trains, in one canonical JSON file whose digest is on chain.
import { z } from "zod";
import { strategySpecSchema } from "../strategy/strategy-spec.ts";
import { updateSpecSchema } from "../update/update-spec.ts";
import { canonicalBytes, parseCanonical } from "./canonical.ts";
import { countField, seedField } from "./fields.ts";
import { modelSpecSchema, trainingSpecSchema } from "./model-spec.ts";
import { privacySpecSchema } from "./privacy-spec.ts";

export const planSchema = z
  .object({
    /** Of the form of a plan. */
    version: z.literal(1),
    /** The network and its input. */
    model: modelSpecSchema,
    /** Every random choice derives a seed of its own from it (foundation/random.ts, deriveSeed). */
    seed: seedField,
    /** What a hospital does in a round, from the base to its delta. */
    training: trainingSpecSchema,
    /** How a delta becomes an update: clipping, integers, sparsity. */
    update: updateSpecSchema,
    /** The rule that makes the next model of the base and the updates. */
    strategy: strategySpecSchema,
    /** The largest sample count that a hospital may commit. */
    sampleCap: countField.refine((value) => value >= 1 && value <= 2 ** 20),
    /** A round with fewer valid updates is abandoned. */
    minUpdates: countField.refine((value) => value >= 1 && value <= 256),
    /** Planned number of rounds; the learning rate schedule ends there. */
    rounds: countField.refine((value) => value >= 1),
    /** Figures about their training that hospitals publish; none unless asked for. Older manifests have both. */
    reports: z
      .array(z.enum(["finalLoss", "seconds"]))
      .max(2)
      .optional(),
    /** Hospitals mask their updates, and only sums are opened; without it updates and scores are public. */
    privacy: privacySpecSchema.optional(),
    /**
     * Split of the patients before training, as the consortium agrees on it; each hospital's import makes it, and others
     * cannot check it. Nothing is selected on the test part.
     */
    evaluation: z
      .object({
        /** A patient is in one part only, and each part has the classes in the hospital's own ratio. */
        split: z.literal("by-patient-stratified"),
        /** Share of the patients, 0 to 1, whose scans hospitals score proposed models with. */
        validation: z.number().finite(),
        /** Share of the patients that are held out, 0 to 1; the rest trains. */
        test: z.number().finite(),
      })
      .strict(),
    /** Name and version of the software that must reproduce it. */
    software: z.string().max(64),
  })
  .strict();

/** Everything that decides how a federation trains. @useDeclaredType */
export type Plan = z.output<typeof planSchema>;

/** Largest size of a plan, bytes. */
export const maxPlanBytes = 64 * 1024;

/** What is wrong with the fields of a plan, each by its path; nothing where it is well formed. */
export function planFieldFaults(plan: unknown): { readonly field: string; readonly why: string }[] {
  const parsed = planSchema.safeParse(plan);
  if (parsed.success) return [];
  return parsed.error.issues.map(({ path, message }) => ({ field: path.join(".") || "plan", why: message }));
}

/** The plan's canonical bytes, whose digest is on chain. @throws ZodError for a value that is no plan, JSON_NOT_CANONICAL */
export function encodePlan(plan: Plan): Uint8Array {
  return canonicalBytes(planSchema.parse(plan));
}

/** A plan of foreign bytes, at most 64 KiB. @throws PLAN_TOO_LARGE, PLAN_MALFORMED, PLAN_NOT_CANONICAL */
export function decodePlan(bytes: Uint8Array): Plan {
  return parseCanonical(bytes, planSchema, { what: "PLAN", maxBytes: maxPlanBytes });
}
