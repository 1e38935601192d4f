// The report as one HTML page without scripts and requests, with every name escaped, to mail, print and archive.
import type { Finding } from "../../protocol/audit/finding.ts";
import type { AuditReport, RoundReport } from "../../protocol/audit/report.ts";
import { smallestCell } from "../../protocol/format/validation-scores.ts";
import { escapeXml } from "../charts/svg.ts";
import { absenceLines } from "./absences.ts";
import { provenanceGraph } from "./graph.ts";
import { type ModelCard, modelCard, type TestScores } from "./model-card.ts";
import { shortName, utc } from "./names.ts";
import { influenceLine, modelsLine, privacyCostLine } from "./show-report.ts";

const verdicts = {
  verified: ["Verified", "Every model was derived again to the same bytes, and every statement about it holds."],
  broken: ["Does not hold", "Something that was published cannot be what it is said to be."],
  unavailable: ["Cannot be told", "Nobody serves an object that the check needs. Nothing was found to be wrong."],
  empty: ["Nothing to verify", "No round has made a model yet."],
} as const;

const style = `
body{font:15px/1.5 system-ui,sans-serif;color:#222;max-width:1100px;margin:2rem auto;padding:0 1rem}
h1{margin-bottom:.2rem}h2{margin-top:2.2rem}code{font-size:.85em;overflow-wrap:anywhere}
.verdict{padding:.8rem 1.1rem;border-left:8px solid;border-radius:4px;margin:1rem 0}
.verified{background:#e6f5ef;border-color:#009e73}.broken{background:#fdeae3;border-color:#d55e00}
.unavailable{background:#fdf6e0;border-color:#b8860b}.empty,.none,.note{background:#f5f5f5;border-color:#9a9a9a}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .7rem;border-bottom:1px solid #ddd;vertical-align:top}
td.verified,td.broken,td.unavailable,td.none{border-left:5px solid}
.graph{overflow:auto;border:1px solid #ddd;border-radius:4px;max-height:80vh}
`;

export function auditPage(report: AuditReport, test: TestScores | undefined): string {
  const { federation, basis, verdict, first, members, rounds, counts, until, findings } = report;
  const [title, meaning] = verdicts[verdict];
  const all = [...findings, ...rounds.flatMap((round) => round.findings)];
  const card = modelCard(report, test);
  const told = [modelsLine(report), privacyCostLine(report), influenceLine(report), ...absenceLines(rounds)];
  const lines = told.filter((line) => line !== undefined);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Audit: ${escapeXml(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>Audit of a federation</h1>
<p>Contract <code>${escapeXml(federation.contract)}</code> on chain ${federation.chainId}${until ? `, up to block ${until.block} of ${escapeXml(utc(until.time))}` : ""}.
${basis ? `The contract's code is ${basis.isKnownCode ? "" : "<strong>not</strong> "}the build that the auditor's program knows. ${basis.agreed} of ${basis.endpoints} RPC endpoints showed the same headers and logs.` : ""}
${counts.events} events, ${counts.objects} objects and ${(counts.bytes / 1e6).toFixed(1)} MB were read and hashed.</p>
<div class="verdict ${verdict}"><strong>${title}.</strong> ${meaning}${first ? ` First: ${escapeXml(first.text)} (${escapeXml(first.code)}${first.round === undefined ? "" : `, round ${first.round}`}).` : ""}</div>
<h2>Rounds</h2>
${roundTable(rounds)}
${lines.map((line) => `<p>${escapeXml(line)}.</p>`).join("\n")}
<h2>Where the models come from</h2>
<p>From the top: the model that a round began with, the hospitals' updates, the model that came out. Dots are hospitals' votes. Whole names appear under the pointer.</p>
<div class="graph">${provenanceGraph(report)}</div>
${all.length > 0 ? `<h2>Findings</h2>\n${findingTable(all)}` : ""}
${card ? `<h2>The last model</h2>\n${cardSection(card)}` : ""}
<h2>Members</h2>
${memberTable(members)}
</body>
</html>
`;
}

function roundTable(rounds: readonly RoundReport[]): string {
  const rows = rounds.map(({ round, openedAt, hospitals, proposals, model, derived, verdict, status, validation }) => {
    const accepted = proposals.find((proposal) => proposal.status === "accepted");
    const agreed = accepted?.attestations.filter(({ agree }) => agree).length ?? 0;
    return [
      `<td>${round}</td><td>${escapeXml(utc(openedAt.time))}</td>`,
      `<td>${accepted?.included.length ?? 0} of ${hospitals.length}</td><td>${agreed} of ${hospitals.length}</td>`,
      `<td>${model ? `<code title="${escapeXml(model)}">${escapeXml(shortName(model))}</code>` : escapeXml(status)}</td>`,
      `<td>${model ? (derived ? "same bytes" : "no") : ""}</td>`,
      `<td>${model ? validationCell(validation) : ""}</td>`,
      `<td class="${verdict}">${verdict}</td>`,
    ].join("");
  });
  const header = ["round", "opened", "updates", "agreed", "model", "derived again", "validation AUC", "verdict"];
  const isUntold = rounds.some(({ model, validation }) => model !== undefined && validation?.auc === undefined);
  const why = rounds.some(({ seal }) => seal) ? untoldSums : untold;
  return `${tableOf(header, rows)}${isUntold ? why : ""}`;
}

const untold = `<p>Not told: hospitals publish no scores of a class with fewer than ${smallestCell} validation patients.</p>`;

const untoldSums =
  "<p>Not told: with private sums a round's sum tells how its base does, so the newest model has no scores yet.</p>";

function validationCell(validation: RoundReport["validation"]): string {
  if (!validation?.auc) return "not told";
  return `${interval(validation.auc)}${validation.isAtChance ? " at chance" : ""}`;
}

function findingTable(findings: readonly Finding[]): string {
  const rows = findings.map(({ severity, code, text, round, hospital, object, digest, expected, found }) => {
    const facts = [
      ...(hospital ? [`hospital <code>${escapeXml(hospital)}</code>`] : []),
      ...(digest ? [`${escapeXml(object ?? "object")} <code>${escapeXml(digest)}</code>`] : []),
      ...(expected === undefined ? [] : [`expected <code>${escapeXml(expected)}</code>`]),
      ...(found === undefined ? [] : [`found <code>${escapeXml(found)}</code>`]),
    ];
    const place = severity === "note" ? "none" : severity;
    return `<td class="${place}">${severity}</td><td>${round ?? ""}</td><td>${escapeXml(code)}</td><td>${escapeXml(text)}<br>${facts.join("<br>")}</td>`;
  });
  return tableOf(["", "round", "code", "what"], rows);
}

function memberTable(members: AuditReport["members"]): string {
  const rows = members.map(({ index, role, addresses, admittedAt, revokedAt }) => {
    const names = addresses.map((address) => `<code>${escapeXml(address)}</code>`).join(", then ");
    const gone = revokedAt === undefined ? "" : escapeXml(utc(revokedAt));
    return `<td>${index}</td><td>${role}</td><td>${names}</td><td>${escapeXml(utc(admittedAt))}</td><td>${gone}</td>`;
  });
  return tableOf(["", "role", "chain keys", "admitted", "revoked"], rows);
}

function cardSection({ model, cid, isAtChance, validation, test, limits }: ModelCard): string {
  const scores = [
    ...(test ? [`AUC ${interval(test.auc)} on ${test.patients} test patients that selected nothing`] : []),
    ...(validation?.auc
      ? [`AUC ${interval(validation.auc)} on ${validation.patients} validation patients, as the hospitals tell`]
      : []),
  ];
  const chance = isAtChance
    ? `<div class="verdict broken"><strong>At chance.</strong> The interval of its scores includes guessing, or it has no scores.</div>`
    : "";
  return [
    `<p><code>${escapeXml(model)}</code><br>CID <code>${escapeXml(cid)}</code></p>`,
    chance,
    `<ul>${[...scores, ...limits].map((line) => `<li>${escapeXml(line)}</li>`).join("")}</ul>`,
  ].join("\n");
}

function interval({ value, low, high }: { value: number; low: number; high: number }): string {
  return `${value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}

function tableOf(header: readonly string[], rows: readonly string[]): string {
  const head = header.map((name) => `<th>${name}</th>`).join("");
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.map((row) => `<tr>${row}</tr>`).join("\n")}</tbody></table>`;
}
