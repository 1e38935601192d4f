// The report for a terminal: the verdict, its basis, a table of the rounds, the findings, and the verdict again.
import pc from "picocolors";
import type { Estimate } from "../../foundation/statistics/proportion.ts";
import type { Finding, Severity } from "../../protocol/audit/finding.ts";
import type { AuditBasis, AuditReport, RoundReport, RoundVerdict } from "../../protocol/audit/report.ts";
import { showEpsilon } from "../../protocol/private/privacy-cost.ts";
import { table } from "../terminal/table.ts";
import { absenceLines } from "./absences.ts";
import { shortName } from "./names.ts";

/** Findings that are printed; all of them are in the report's files. */
const printed = 20;

const verdictWords: Readonly<Record<RoundVerdict, string>> = {
  verified: "verified",
  broken: "DOES NOT HOLD",
  unavailable: "cannot be told",
  none: "no model",
};

/** The whole report; the verdict is the first and the last line, so that no list hides it. */
export function reportText(report: AuditReport, files: readonly string[]): string {
  const { federation, basis, members, until, rounds } = report;
  const hospitals = members.filter(({ role }) => role === "hospital").length;
  const models = modelsLine(report);
  const parts = [
    verdictLine(report),
    basis ? basisLines(basis).join("\n") : "",
    `federation  ${federation.contract} on chain ${federation.chainId}, to block ${until?.block ?? "-"}\n` +
      `members     ${hospitals} hospitals, ${members.length - hospitals} aggregators`,
    rounds.length > 0 ? roundTable(rounds) : "",
    [models, privateSumsLine(report), privacyCostLine(report), influenceLine(report), ...absenceLines(rounds)]
      .filter(Boolean)
      .join("\n"),
    findingLines(report).join("\n"),
    files.join("\n"),
    verdictLine(report),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

export function roundTable(rounds: readonly RoundReport[]): string {
  const header = ["round", "hospitals", "included", "agreed", "model", "derived", "verdict"];
  return table(header, rounds.map(roundRow));
}

function roundRow({ round, hospitals, proposals, status, model, derived, verdict }: RoundReport): (string | number)[] {
  const accepted = proposals.find((proposal) => proposal.status === "accepted");
  const agreed = accepted?.attestations.filter(({ agree }) => agree).length;
  const words = verdict === "none" ? `no model (${status})` : verdictWords[verdict];
  return [
    round,
    hospitals.length,
    accepted ? accepted.included.length : "",
    agreed ?? "",
    model ? shortName(model) : "",
    model ? (derived ? "same bytes" : "no") : "",
    paint(verdict === "none" ? "note" : verdict, words),
  ];
}

/** The best and the last model by the hospitals' reported scores; undefined without scores. */
export function modelsLine({ best, rounds }: Pick<AuditReport, "best" | "rounds">): string | undefined {
  if (!best) return undefined;
  const last = rounds.findLast(({ model }) => model !== undefined);
  const told = last?.validation?.auc;
  const lastWords =
    last?.round === best.round ? "it is the last" : `last: round ${last?.round}${told ? `, ${interval(told)}` : ""}`;
  return `Validation AUC: best model: round ${best.round}, ${interval(best.auc)}; ${lastWords}`;
}

function interval({ value, low, high }: Estimate): string {
  return `${value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}

/** What was opened in a federation with private sums; undefined without. */
export function privateSumsLine({
  privateSums,
  rounds,
}: Pick<AuditReport, "privateSums" | "rounds">): string | undefined {
  if (!privateSums || privateSums.maxSeals === 0) return undefined;
  const { seals, maxSeals } = privateSums;
  const what = rounds.some(({ seal }) => seal?.buckets) ? "rounds with sums of buckets " : "";
  return `Private sums: ${seals} of at most ${maxSeals} ${what}were opened, and no update, loss or score of a single hospital`;
}

/** What a patient's training scans may have told, with differential privacy; undefined without. */
export function privacyCostLine({ privacyCost }: Pick<AuditReport, "privacyCost">): string | undefined {
  if (!privacyCost) return undefined;
  const { openings, epsilon, delta } = privacyCost;
  return `Differential privacy of each patient: epsilon ${showEpsilon(epsilon)} at delta ${delta} so far, if hospitals added their noise; ${openings} sums opened`;
}

/** What the verdict rests on. */
export function basisLines({ isKnownCode, endpoints, agreed, silent, behind, unread }: AuditBasis): string[] {
  const code = isKnownCode ? "the build that this program knows" : pc.yellow("NOT a build that this program knows");
  const endpointsLine =
    agreed === 1
      ? `one endpoint alone shows headers and logs${endpoints > 1 ? ` (of ${endpoints} asked)` : ""}; another one could find it out if it lies`
      : `headers and logs agreed by ${agreed} of ${endpoints} endpoints`;
  return [
    `code        ${code}`,
    `chain       ${endpointsLine}`,
    ...silent.map((name) => `            ${printable(name)} did not answer`),
    ...behind.map((name) => `            ${printable(name)} lacks blocks that others have`),
    ...(unread
      ? [
          `            ${printable(unread.shownBy)} alone shows blocks ${unread.from} to ${unread.to}, which were not read`,
        ]
      : []),
  ];
}

/** How much one hospital weighed at most; undefined where no average was checked, or its rule has no weights. */
export function influenceLine({ largestShare }: Pick<AuditReport, "largestShare">): string | undefined {
  if (!largestShare) return undefined;
  const { hospital, round, share } = largestShare;
  const percent = (100 * share).toFixed(1);
  return `Largest share of one hospital: ${percent} % of the weight, by ${hospital} in round ${round}`;
}

/** Each finding on a line, the most severe first, up to a limit. */
export function findingLines({ findings, rounds }: AuditReport): string[] {
  const all = [...findings, ...rounds.flatMap((round) => round.findings)];
  const ordered = (["broken", "unavailable", "note"] as const).flatMap((severity) =>
    all.filter((finding) => finding.severity === severity),
  );
  const lines = ordered.slice(0, printed).map(findingLine);
  if (ordered.length > printed) lines.push(`… and ${ordered.length - printed} more in the report (--out, --json)`);
  return lines;
}

function findingLine(finding: Finding): string {
  const { severity, code, text, round, proposal, hospital, object, digest, expected, found } = finding;
  const where = [round === undefined ? "federation" : `round ${round}`, ...(proposal ? [`proposal ${proposal}`] : [])];
  const facts = [
    ...(hospital && !text.includes(hospital) ? [`by ${hospital}`] : []),
    ...(digest ? [`${object ?? "object"} ${digest}`] : []),
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(found === undefined ? [] : [`found ${found}`]),
  ];
  const details = facts.length > 0 ? `\n    ${facts.map(printable).join("\n    ")}` : "";
  return `${paint(severity, code)} ${where.join(", ")}: ${printable(text)}${details}`;
}

/** The verdict in one line. */
export function verdictLine({ verdict, first, counts, model, basis, privateSums }: AuditReport): string {
  const { models, updates, objects, bytes } = counts;
  switch (verdict) {
    case "verified": {
      const kind = privateSums && privateSums.maxSeals > 0 ? "masked updates, none of which it could read" : "updates";
      const notes = `${models} ${models === 1 ? "model" : "models"} derived again to the same bytes from ${updates} ${kind}`;
      const size = `${objects} objects, ${(bytes / 1e6).toFixed(1)} MB`;
      const alone = basis?.agreed === 1 ? "; the chain is one endpoint's account" : "";
      return `${pc.bold(pc.green("VERIFIED"))} ${notes} (${size}); the last is ${model}${alone}`;
    }
    case "empty":
      return `${pc.bold(pc.yellow("NOTHING TO VERIFY"))} no round has made a model yet`;
    default: {
      const words = verdict === "broken" ? "DOES NOT HOLD" : "CANNOT BE TOLD";
      const where = first?.round === undefined ? "" : `round ${first.round}: `;
      return `${pc.bold(paint(verdict, words))} ${where}${printable(`${first?.text} (${first?.code})`)}`;
    }
  }
}

function paint(severity: Severity | "verified", text: string): string {
  if (severity === "verified") return pc.green(text);
  if (severity === "broken") return pc.red(text);
  return severity === "unavailable" ? pc.yellow(text) : pc.dim(text);
}

/** Removes control characters, since others wrote the text. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e…]/g, "?");
}
