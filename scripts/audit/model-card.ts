// The model card (Mitchell et al. 2019, "Model Cards for Model Reporting") of the last model: origin, scores with intervals, and
// limits of use. A model at chance is marked so.
import { z } from "zod";
import type { AuditReport, LargestShare, ValidationReport } from "../../protocol/audit/report.ts";
import { toCid } from "../../protocol/format/digest.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { showEpsilon } from "../../protocol/private/privacy-cost.ts";

const estimateSchema = z.object({ value: z.number(), low: z.number(), high: z.number() });
/** Scores of one model on test patients, as in a simulation's scores.json. */
export const testScoresSchema = z.object({
  patients: z.number(),
  balancedAccuracy: estimateSchema,
  auc: estimateSchema,
  sensitivity: estimateSchema,
  specificity: estimateSchema,
  precision: estimateSchema,
  majorityAccuracy: z.number(),
  isAtChance: z.boolean(),
});
export type TestScores = z.output<typeof testScoresSchema>;
type Estimate = z.output<typeof estimateSchema>;

export interface ModelCard {
  readonly model: string;
  readonly cid: string;
  readonly verdict: AuditReport["verdict"];
  readonly contract: string;
  readonly chainId: number;
  readonly rounds: number;
  /** The model that the first round began with, drawn from the plan's seed or trained before on other scans. */
  readonly genesis: string | undefined;
  readonly hospitals: number;
  /** Training samples that the hospitals committed to in the last round that made a model. */
  readonly samples: number;
  /** The most influence that one hospital had on any of the models. */
  readonly largestShare: LargestShare | undefined;
  readonly software: readonly string[];
  readonly plan: Plan | undefined;
  /** What a federation with private sums opened; undefined without. */
  readonly privateSums: AuditReport["privateSums"];
  /** What the sums opened so far tell of one patient at most; undefined without differential privacy. */
  readonly privacyCost: AuditReport["privacyCost"];
  /** Scores that hospitals reported of their own validation patients. */
  readonly validation: ValidationReport | undefined;
  readonly test: TestScores | undefined;
  /** Of the test scores where there are any, else of the validation scores; true where there are neither. */
  readonly isAtChance: boolean;
  readonly limits: readonly string[];
}

const limits = [
  "For research. It is no medical device, and no diagnosis may rest on it.",
  "That the model was derived again says how it was made, and nothing of whether its training data were right.",
  "Validation scores are told by the hospitals themselves: nobody else sees the patients.",
  "Scores hold for patients, scanners and prevalences like those that they were measured on, and for no others.",
];

const noisyLimits = [
  "Epsilon bounds what the opened sums say of one training patient if honest hospitals added their noise, which others cannot prove; it says nothing of a whole hospital.",
  "With differential privacy hospitals publish no validation scores: they would tell of validation patients, without noise.",
];

const privateLimits = [
  "Single updates were hidden, not what the models themselves may say about patients: no differential privacy was used.",
  "With private sums a model's scores are counted in the next round's sum: the last model has none of them.",
];

/** The card of the last final model; undefined where there is none. */
export function modelCard(report: AuditReport, test: TestScores | undefined): ModelCard | undefined {
  const { model, verdict, federation, rounds, plans, counts, privateSums, privacyCost } = report;
  const last = rounds.findLast(({ status }) => status === "final");
  if (!model || !last) return undefined;
  const included = last.hospitals.filter(({ contribution }) => contribution === "included");
  const { validation } = last;
  return {
    ...{ model, cid: toCid(model), verdict, ...federation, rounds: counts.models, hospitals: included.length },
    genesis: report.genesis,
    samples: included.reduce((sum, { sampleCount = 0 }) => sum + sampleCount, 0),
    software: [...new Set(included.flatMap(({ software }) => software ?? []))],
    largestShare: report.largestShare,
    ...{ plan: plans[last.plan], privateSums, privacyCost, validation, test },
    isAtChance: test?.isAtChance ?? validation?.isAtChance ?? true,
    limits: [...limits, ...(privacyCost ? noisyLimits : plans[last.plan]?.privacy ? privateLimits : [])],
  };
}

export function modelCardMarkdown(card: ModelCard): string {
  const { model, cid, verdict, contract, chainId, rounds, hospitals, samples, software, plan } = card;
  return [
    "# Model card",
    "",
    card.isAtChance
      ? "**This model is at chance: the interval of its scores includes guessing, or it has no scores. Do not use it.**"
      : "This model tells patients apart better than chance, by the scores below.",
    "",
    "| | |",
    "|---|---|",
    `| model | \`${model}\` |`,
    `| CID | \`${cid}\` |`,
    `| audit | ${verdict} |`,
    `| federation | \`${contract}\` on chain ${chainId} |`,
    `| made in | ${rounds} rounds; the last with ${hospitals} hospitals and ${samples} training samples |`,
    ...genesisRows(card),
    ...shareRows(card),
    ...sumRows(card),
    `| software | ${software.map(cell).join(", ") || "not told"} |`,
    ...(plan ? planRows(plan) : []),
    "",
    "## Scores",
    "",
    ...scoreLines(card),
    "",
    "## What this does not say",
    "",
    ...card.limits.map((limit) => `- ${limit}`),
    "",
  ].join("\n");
}

/** What it learned before the first round is not in the record, but anyone can tell whether it had learned anything. */
function genesisRows({ genesis }: ModelCard): string[] {
  if (!genesis) return [];
  const drawn =
    "drawn from the plan's seed if `consilium plan --from plan.json` prints this digest, else trained before";
  return [`| began with | \`${genesis}\`, ${drawn} |`];
}

function shareRows({ largestShare }: ModelCard): string[] {
  if (!largestShare) return [];
  const { share, round } = largestShare;
  return [`| largest share of one hospital | ${(100 * share).toFixed(1)} % of the weight, in round ${round} |`];
}

function sumRows({ privateSums, privacyCost, plan }: ModelCard): string[] {
  if (!privateSums || privateSums.maxSeals === 0) return [];
  const { seals, maxSeals } = privateSums;
  const noise = privacyCost
    ? [
        `| differential privacy | epsilon ${showEpsilon(privacyCost.epsilon)} at delta ${privacyCost.delta}, of each patient |`,
      ]
    : [];
  const { buckets } = plan?.privacy ?? {};
  const what = buckets === undefined ? "opened" : `rounds opened, in sums of ${buckets} buckets or fewer`;
  return [`| private sums | ${seals} of at most ${maxSeals} ${what}; no single update was |`, ...noise];
}

function planRows({ model, training, strategy, update, sampleCap, evaluation }: Plan): string[] {
  const { slices, height, width, channels } = model.input;
  return [
    `| network | ${model.preset} capsule network, ${slices} slices of ${height} x ${width} x ${channels} |`,
    `| local training | ${training.localEpochs} epochs, batch ${training.batchSize}, ${training.optimiser.name} at ${training.optimiser.learningRate} |`,
    `| aggregation | ${strategy.name}; updates ${update.type}, L2 norm at most ${update.clipNorm}, ${sampleCap} samples at most |`,
    `| split | ${evaluation.split}, ${evaluation.validation} validation, ${evaluation.test} test |`,
  ];
}

function scoreLines({ validation, test }: ModelCard): string[] {
  const lines: string[] = [];
  if (test) {
    const row = (name: string, estimate: Estimate) => `| ${name} | ${show(estimate)} |`;
    lines.push(
      `On ${test.patients} test patients that selected nothing (95 % intervals):`,
      "",
      "| score | value |",
      "|---|---|",
      row("balanced accuracy", test.balancedAccuracy),
      row("AUC", test.auc),
      row("sensitivity", test.sensitivity),
      row("specificity", test.specificity),
      row("precision", test.precision),
      `| always saying the more frequent class | accuracy ${test.majorityAccuracy.toFixed(2)}, balanced accuracy 0.50 |`,
      "",
    );
  }
  if (validation) {
    const { patients, positives, auc, isAtChance } = validation;
    const chance = isAtChance ? ": **at chance**" : "";
    const value = auc ? `AUC ${show(auc)}${chance}` : "one class only, so that no score can be told: **at chance**";
    lines.push(`As the hospitals tell of ${patients} validation patients, ${positives} of them positive: ${value}.`);
  }
  if (lines.length === 0) lines.push("None. **A model without scores is to be taken as one at chance.**");
  return lines;
}

function show({ value, low, high }: Estimate): string {
  return `${value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}

/** Foreign text in a Markdown table: no markup, no HTML, no end of the cell. */
function cell(text: string): string {
  return text.replace(/[^\w .:/-]/g, "?");
}
