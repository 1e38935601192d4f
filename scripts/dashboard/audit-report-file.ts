// The parts of an audit's report.json that the page shows.
import { z } from "zod";

const estimate = z.object({ value: z.number(), low: z.number(), high: z.number() });
const name = z.string().max(200);
const finding = z.object({ severity: z.enum(["broken", "unavailable", "note"]), code: name, text: z.string() });

const roundSchema = z.object({
  round: z.number().int().min(1),
  verdict: z.enum(["verified", "broken", "unavailable", "none"]),
  status: z.enum(["committing", "sealed", "proposing", "proposed", "final", "abandoned"]),
  opener: name,
  plan: name,
  base: name,
  model: name.optional(),
  hospitals: z
    .array(
      z.object({
        hospital: name,
        contribution: z.enum(["included", "left-out", "invalid", "unserved", "silent"]),
        sampleCount: z.number().int().optional(),
        updateBytes: z.number().int().optional(),
        share: z.number().optional(),
      }),
    )
    .max(300),
  proposals: z.array(
    z.object({
      status: z.enum(["open", "accepted", "refused", "expired", "abandoned"]),
      included: z.array(name),
      attestations: z.array(z.object({ hospital: name, agree: z.boolean() })),
    }),
  ),
  validation: z
    .object({
      patients: z.number().int(),
      positives: z.number().int(),
      auc: estimate.optional(),
      isAtChance: z.boolean(),
    })
    .optional(),
  findings: z.array(finding),
});

export const auditReportSchema = z.object({
  verdict: z.enum(["verified", "broken", "unavailable", "empty"]),
  first: finding.optional(),
  members: z.array(z.object({ role: z.enum(["hospital", "aggregator"]), addresses: z.array(name).min(1) })).max(300),
  rounds: z.array(roundSchema),
});
