import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { ErrorCode } from "../../../foundation/errors.ts";
import { bestModel } from "../../../protocol/audit/compare-rounds.ts";
import type { Finding } from "../../../protocol/audit/finding.ts";
import type { AuditReport, BestModel, RoundReport } from "../../../protocol/audit/report.ts";
import { absenceLines } from "../../../scripts/audit/absences.ts";
import { provenanceGraph } from "../../../scripts/audit/graph.ts";
import { modelCard, modelCardMarkdown, type TestScores } from "../../../scripts/audit/model-card.ts";
import { utc } from "../../../scripts/audit/names.ts";
import { auditPage } from "../../../scripts/audit/page.ts";
import { provenanceOf } from "../../../scripts/audit/provenance.ts";
import {
  findingLines,
  influenceLine,
  modelsLine,
  reportText,
  roundTable,
  verdictLine,
} from "../../../scripts/audit/show-report.ts";
import { writeReport } from "../../../scripts/audit/write-report.ts";
import { alteringModel } from "../../fakes/liars.ts";
import { audit, finish } from "../../protocol/audit/finished-federation.ts";
import { playPrivate } from "../../protocol/audit/private-federation.ts";

const hostile = `<script>alert("x")</script>|\n![](http://evil)`;

/** The report with something hostile wherever others write text. */
function withHostileText(report: AuditReport): AuditReport {
  const [first, ...rest] = report.rounds;
  if (!first) throw new Error("no round");
  const finding: Finding = {
    severity: "broken",
    code: hostile as ErrorCode,
    text: hostile,
    object: "manifest",
    expected: hostile,
    found: hostile,
  };
  const hospitals = first.hospitals.map((hospital) => ({ ...hospital, software: hostile }));
  return {
    ...report,
    verdict: "broken",
    first: finding,
    rounds: [{ ...first, hospitals, findings: [finding] }, ...rest],
  };
}

const estimate = (value: number, low: number, high: number) => ({ value, low, high });
const goodScores: TestScores = {
  ...{ patients: 40, majorityAccuracy: 0.5, isAtChance: false },
  ...{ balancedAccuracy: estimate(0.95, 0.88, 1), auc: estimate(0.98, 0.93, 1) },
  ...{ sensitivity: estimate(0.95, 0.8, 1), specificity: estimate(0.95, 0.8, 1), precision: estimate(0.95, 0.8, 1) },
};

describe("an audit's report", () => {
  let report: AuditReport;
  let withLie: AuditReport;

  before(async () => {
    report = await audit(await finish());
    withLie = await audit(
      await finish({}, ({ aggregators: [liar] }) => {
        if (liar) liar.tamper = alteringModel;
      }),
    );
  });

  it("begins and ends with the verdict", () => {
    for (const [each, word] of [
      [report, "VERIFIED"],
      [withLie, "VERIFIED"],
      [withHostileText(report), "DOES NOT HOLD"],
    ] as const) {
      const lines = reportText(each, ["report.json"]).split("\n");
      expect(lines.at(0)).to.include(word);
      expect(lines.at(-1)).to.equal(lines.at(0));
      expect(lines.length).to.be.above(8);
    }
  });

  it("says at a glance what each round came to", () => {
    const lines = roundTable(report.rounds).split("\n");
    expect(lines).to.have.length(3);
    expect(lines[1]).to.match(/^ {2}1 .*4 .*4 .*4 .*0x[0-9a-f]{8}… .*same bytes .*verified/);
    expect(findingLines(report)).to.deep.equal([]);
    expect(findingLines(withLie)[0]).to.match(/^WRONG_MODEL round 1, proposal 1: /);
  });

  it("ends with the verdict, in words that differ for each", () => {
    expect(verdictLine(report)).to.match(/^VERIFIED 2 models derived again to the same bytes from 8 updates/);
    const first: Finding = { severity: "broken", code: "WRONG_MODEL", text: "it is wrong", round: 3 as never };
    const broken = verdictLine({ ...report, verdict: "broken", first });
    expect(broken).to.equal("DOES NOT HOLD round 3: it is wrong (WRONG_MODEL)");
    expect(verdictLine({ ...report, verdict: "unavailable", first })).to.match(/^CANNOT BE TOLD/);
    expect(verdictLine({ ...report, verdict: "empty" })).to.match(/^NOTHING TO VERIFY/);
  });

  it("names the best model and the last one, by the hospitals' scores", () => {
    const scored = (...values: number[]) => {
      const rounds = report.rounds.map((round, index) => {
        const auc = { value: values[index]!, low: 0.5, high: 1 };
        return { ...round, validation: { patients: 8, positives: 4, auc, isAtChance: true } };
      });
      return { rounds, ...{ best: bestModel(rounds) as BestModel } };
    };
    expect(modelsLine(scored(0.9, 0.7))).to.contain("best model: round 1, 0.90 [0.50, 1.00]; last: round 2, 0.70");
    expect(modelsLine(scored(0.7, 0.9))).to.contain("best model: round 2, 0.90 [0.50, 1.00]; it is the last");
    expect(scored(0.8, 0.8).best.round).to.equal(1);
    expect(auditPage({ ...report, ...scored(0.9, 0.7) }, goodScores)).to.contain("best model: round 1");
    const untold = report.rounds.map(({ validation: _, ...round }) => round);
    expect(bestModel(untold)).to.equal(undefined);
    expect(modelsLine({ rounds: untold })).to.equal(undefined);
  });

  it("says of rounds without scores why there are none", () => {
    const untold = report.rounds.map(({ validation: _, ...round }) => round);
    expect(auditPage({ ...report, rounds: untold }, undefined)).to.match(
      /<td>not told<\/td>[\s\S]*fewer than 5 validation/,
    );
    const auc = { value: 0.9, low: 0.8, high: 1 };
    const told = untold.map((round) => ({
      ...round,
      validation: { patients: 80, positives: 40, auc, isAtChance: false },
    }));
    expect(auditPage({ ...report, rounds: told }, undefined)).to.not.include("not told");
  });

  it("says the largest share that a hospital had of an average", () => {
    const { hospital, share, round } = report.largestShare!;
    const line = `Largest share of one hospital: ${(100 * share).toFixed(1)} % of the weight, by ${hospital} in round ${round}`;
    expect(reportText(report, [])).to.contain(line);
    expect(auditPage(report, goodScores)).to.contain(line);
    expect(influenceLine({})).to.equal(undefined);
  });

  it("names each hospital without an update, and since when", () => {
    expect(reportText(report, [])).not.to.contain("No update of");
    const [first, second] = report.rounds as [RoundReport, RoundReport];
    const absent = second.hospitals[1]!.hospital;
    const without = (round: RoundReport, hospital: string): RoundReport => ({
      ...round,
      hospitals: round.hospitals.map((each) =>
        each.hospital === hospital ? { hospital: each.hospital, contribution: "silent" } : each,
      ),
    });
    const running = { ...without(second, second.hospitals[0]!.hospital), status: "committing" } as const;
    const rounds = [first, without(second, absent), running];
    const line = `No update of ${absent} since round 2, opened ${utc(second.openedAt.time)}: 1 round`;
    for (const text of [reportText({ ...report, rounds }, []), auditPage({ ...report, rounds }, undefined)]) {
      expect(text).to.contain(line);
      expect(text.match(/No update of/g)).to.have.length(1);
    }
    const both = absenceLines([without(first, absent), without(second, absent)]);
    expect(both).to.deep.equal([
      `No update of ${absent} since round 1, opened ${utc(first.openedAt.time)}: 2 rounds in a row`,
    ]);
  });

  it("never lets what others wrote steer a terminal", () => {
    const finding: Finding = { severity: "broken", code: "WRONG_MODEL", text: "\x1b[2Jcleared\r", found: "\x07" };
    const lines = findingLines({ ...report, findings: [finding] }).join("\n");
    expect([...lines].filter((char) => char !== "\n" && (char < " " || char === "\x7f"))).to.deep.equal([]);
    expect(verdictLine({ ...report, verdict: "broken", first: finding })).not.to.contain("\x1b[2J");
  });

  it("is a page that runs nothing, asks nobody, and escapes every name", () => {
    const page = auditPage(withHostileText(report), goodScores);
    expect(page).not.to.match(/<script|<img|<link|<iframe| on\w+=/i);
    expect(page).not.to.match(/\s(src|href|action)=|url\(|@import/i);
    expect(page).to.contain("default-src 'none'");
    expect(page).to.contain("&lt;script&gt;");
    expect(page).to.match(/<div class="verdict broken">/);
  });

  it("draws every hospital of every round, and every model once", () => {
    const svg = provenanceGraph(report);
    const boxes = svg.match(/<rect x=/g) ?? [];
    expect(boxes).to.have.length(2 * 4 + 3);
    expect(svg.match(/<circle/g)).to.have.length(2 * 4);
    for (const { model = "", hospitals } of report.rounds) {
      expect(svg).to.contain(`<title>model ${model}</title>`);
      for (const { update = "" } of hospitals) expect(svg).to.contain(update);
    }
  });

  it("is W3C PROV: all that is related is declared, and the last model leads back to the first", () => {
    const document = provenanceOf(report);
    const declared = { ...document.entity, ...document.activity, ...document.agent };
    const relations = ["used", "wasGeneratedBy", "wasDerivedFrom", "wasAssociatedWith", "wasAttributedTo"] as const;
    for (const relation of relations) {
      for (const record of Object.values(document[relation])) {
        for (const name of Object.values(record)) expect(declared, relation).to.have.property(String(name));
      }
    }
    const sources = (entity: string): string[] =>
      Object.values(document.wasDerivedFrom).flatMap((record) =>
        record["prov:generatedEntity"] === entity ? [String(record["prov:usedEntity"])] : [],
      );
    const reached = new Set<string>();
    const walk = (entity: string) => {
      if (reached.has(entity)) return;
      reached.add(entity);
      sources(entity).forEach(walk);
    };
    walk(`object:${report.model}`);
    expect(reached).to.include(`object:${report.genesis}`);
    expect(reached.size).to.equal(3 + 8);
  });

  it("has a model card that names scores with their intervals", () => {
    const card = modelCard(report, goodScores);
    const text = card ? modelCardMarkdown(card) : "";
    expect(text).to.contain(`| began with | \`${report.rounds[0]!.base}\``);
    expect(card?.isAtChance).to.equal(false);
    expect(text).to.contain("| AUC | 0.98 [0.93, 1.00] |");
    expect(text).to.contain(report.model);
    expect(text).to.contain("tells patients apart better than chance");
  });

  it("calls a model at chance so, and one without any scores too", () => {
    const atChance = modelCard(report, { ...goodScores, isAtChance: true });
    expect(atChance && modelCardMarkdown(atChance)).to.contain("**This model is at chance");
    const rounds = report.rounds.map(({ validation: _, ...round }) => round);
    const unscored = modelCard({ ...report, rounds }, undefined);
    expect(unscored?.isAtChance).to.equal(true);
    expect(unscored && modelCardMarkdown(unscored)).to.contain("Do not use it");
  });

  it("takes no markup of others into the card", () => {
    const card = modelCard({ ...report, rounds: [...withHostileText(report).rounds].reverse() }, undefined);
    expect(card?.software).to.deep.equal([hostile]);
    const row =
      card &&
      modelCardMarkdown(card)
        .split("\n")
        .find((line) => line.startsWith("| software"));
    expect(row).to.match(/^\| software \| [\w .:/?-]+ \|$/);
  });

  it("is written whole into a folder", async () => {
    const dir = await mkdtemp(join(tmpdir(), "consilium-report-"));
    try {
      const files = await writeReport(join(dir, "new"), report, goodScores);
      expect((await readdir(join(dir, "new"))).sort()).to.deep.equal(
        files.map((file) => file.split("/").at(-1)).sort(),
      );
      const written = JSON.parse(await readFile(join(dir, "new", "report.json"), "utf8"));
      expect(written).to.deep.equal(JSON.parse(JSON.stringify(report)));
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

describe("the report of a federation with private sums", function () {
  this.timeout(120_000);
  let report: AuditReport;
  before(async () => {
    report = await audit(await playPrivate({ sealed: (round) => (round === 2 ? [0, 1, 2] : [0, 1, 2, 3]) }));
  });

  it("says that updates were masked, how many sums were opened, and what that does not promise", () => {
    expect(verdictLine(report)).to.match(/VERIFIED.* from 8 masked updates, none of which it could read/);
    expect(reportText(report, [])).to.include("Private sums: 2 of at most 8 were opened");
    const card = modelCard(report, undefined)!;
    expect(card.limits.some((line) => line.includes("no differential privacy was used"))).to.equal(true);
    expect(modelCardMarkdown(card)).to.include("| private sums | 2 of at most 8 opened; no single update was |");
    const bucketed = { ...card, plan: { ...card.plan!, privacy: { ...card.plan!.privacy!, buckets: 3 } } };
    expect(modelCardMarkdown(bucketed)).to.include(
      "| 2 of at most 8 rounds opened, in sums of 3 buckets or fewer; no single",
    );
    expect(modelCardMarkdown(modelCard({ ...report, privateSums: undefined }, undefined)!)).not.to.include(
      "| private sums",
    );
  });

  it("tells the score of each model but the newest, which the next round's sum will count", () => {
    expect(modelsLine(report)).to.match(/best model: round 1, 0\.\d\d \[.*last: round 2$/);
    expect(auditPage(report, undefined)).to.include("the newest model has no scores yet");
  });

  it("has masked updates, and the key of their sum, in the provenance; no update and no scores", () => {
    const { entity, used } = provenanceOf(report);
    const kinds = Object.values(entity).map((each) => each["consilium:kind"]);
    expect(kinds.filter((kind) => kind === "masked update")).to.have.length(8);
    expect(kinds.filter((kind) => kind === "key")).to.have.length(2);
    expect(kinds).not.to.include("update");
    expect(kinds).not.to.include("scores");
    const aggregated = Object.values(used).filter((each) => each["prov:activity"] === "act:round-2-aggregation");
    // Plan, base, three masked updates and the key.
    expect(aggregated).to.have.length(6);
    expect(provenanceGraph(report)).to.include("masked update 0x");
  });
});
