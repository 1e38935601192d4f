import { expect } from "chai";
import type { AuditReport } from "../../../protocol/audit/report.ts";
import type { LedgerEvent } from "../../../protocol/contract/events.ts";
import { encodeRefusal } from "../../../protocol/format/refusal.ts";
import { addressOf } from "../../fakes/federation.ts";
import { alteringModel } from "../../fakes/liars.ts";
import { editJson, rehash, replaceObject, restate } from "./doctor.ts";
import { audit, copyOf, eventOf, type Finished, finish } from "./finished-federation.ts";

const stranger = addressOf(50);
const hospital = addressOf(1);

type Kind = LedgerEvent["kind"];

const findingsOf = ({ findings, rounds }: AuditReport) => [...findings, ...rounds.flatMap((round) => round.findings)];
const inFirst = (event: LedgerEvent) => "round" in event && event.round === 1;

/** The first event of a kind in round 1. */
function first<K extends Kind>(copy: Finished, kind: K) {
  return eventOf(copy, kind, inFirst as (event: Extract<LedgerEvent, { kind: K }>) => boolean);
}

function remove({ events }: Finished, doomed: (event: LedgerEvent) => boolean): void {
  for (let at = events.length - 1; at >= 0; at--) if (doomed(events[at] as LedgerEvent)) events.splice(at, 1);
}

/** Puts events right behind another one, in its block. */
function insertAfter({ events }: Finished, event: LedgerEvent, ...more: object[]): void {
  const { block, blockHash, logIndex, transaction, time } = event;
  const place = { block, blockHash, logIndex, transaction, time };
  const added = more.map((each) => ({ ...place, ...each }) as LedgerEvent);
  events.splice(events.indexOf(event) + 1, 0, ...added);
}

describe("an audit's replay of the contract's rules", () => {
  /** Two rounds without a disturbance; and two in whose first a proposal was refused. */
  let honest: Finished;
  let refusing: Finished;

  before(async () => {
    honest = await finish();
    refusing = await finish({}, ({ aggregators: [liar] }) => {
      if (liar) liar.tamper = alteringModel;
    });
  });

  const rules: readonly [string, string, "honest" | "refusing", (copy: Finished) => void][] = [
    [
      "a round opens under another plan than the agreed one",
      "PLAN_NOT_AGREED",
      "honest",
      (copy) => set(first(copy, "round-opened"), { plan: `0x${"5a".repeat(32)}` }),
    ],
    [
      "a stranger opens a round",
      "OPENER_NOT_MEMBER",
      "honest",
      (copy) => set(first(copy, "round-opened"), { opener: stranger }),
    ],
    [
      "a final round is abandoned",
      "ROUND_STATUS",
      "honest",
      (copy) => insertAfter(copy, first(copy, "round-finalised"), { kind: "round-abandoned", round: 1 }),
    ],
    [
      "a round becomes final twice",
      "ROUND_STATUS",
      "honest",
      (copy) => insertAfter(copy, first(copy, "round-finalised"), first(copy, "round-finalised")),
    ],
    [
      "a commitment comes after the proposal",
      "COMMITMENT_STATUS",
      "honest",
      (copy) => {
        const commitment = first(copy, "update-committed");
        remove(copy, (event) => event === commitment);
        insertAfter(copy, first(copy, "model-proposed"), commitment);
        rehash(copy);
      },
    ],
    [
      "a stranger proposes",
      "PROPOSER_NOT_MEMBER",
      "honest",
      (copy) => set(first(copy, "model-proposed"), { proposer: stranger }),
    ],
    [
      "somebody else than the opener proposes before it is time",
      "PROPOSAL_RESERVED",
      "honest",
      (copy) => set(first(copy, "model-proposed"), { proposer: hospital }),
    ],
    [
      "a model is proposed while hospitals can still commit",
      "PROPOSAL_EARLY",
      "honest",
      (copy) => {
        remove(copy, (event) => event.kind === "update-committed" && inFirst(event) && event.member === hospital);
        const proposed = first(copy, "model-proposed");
        set(proposed, { included: proposed.included.filter((member) => member !== hospital) });
        rehash(copy);
      },
    ],
    [
      "a model is proposed while another one is open",
      "PROPOSAL_STATUS",
      "honest",
      (copy) => insertAfter(copy, first(copy, "model-proposed"), { ...first(copy, "model-proposed"), number: 2 }),
    ],
    [
      "a proposal is skipped",
      "PROPOSAL_NUMBER",
      "honest",
      (copy) => {
        for (const event of copy.events.filter(inFirst)) {
          if (event.kind === "model-proposed") set(event, { number: 2 });
          if (event.kind === "attested" || event.kind === "round-finalised") set(event, { proposal: 2 });
        }
      },
    ],
    [
      "a proposal has fewer updates than the terms ask for",
      "PROPOSAL_TOO_FEW_UPDATES",
      "honest",
      (copy) => {
        const { terms } = eventOf(copy, "terms-set");
        set(eventOf(copy, "terms-set"), { terms: { ...terms, minUpdates: 5 } });
      },
    ],
    [
      "a hospital attests too late",
      "ATTESTATION_LATE",
      "honest",
      (copy) => set(first(copy, "attested"), { time: first(copy, "model-proposed").attestBy + 1 }),
    ],
    [
      "an attestation is withdrawn of a hospital that nobody revoked",
      "WITHDRAWAL_UNFOUNDED",
      "honest",
      (copy) => {
        const { member } = first(copy, "attested");
        insertAfter(copy, first(copy, "attested"), { kind: "attestation-withdrawn", round: 1, proposal: 1, member });
      },
    ],
    [
      "a quorum agreed and the round did not become final",
      "FINALITY_MISSING",
      "honest",
      (copy) => remove(copy, (event) => event.kind === "round-finalised" && event.round === 2),
    ],
    [
      "a round opens while another one runs",
      "ROUND_OVERLAP",
      "honest",
      (copy) => remove(copy, (event) => event.kind === "round-finalised" && event.round === 1),
    ],
    [
      "a round is skipped",
      "ROUND_ORDER",
      "honest",
      (copy) => {
        for (const event of copy.events) if ("round" in event && event.round === 2) set(event, { round: 3 });
      },
    ],
    [
      "a member is admitted under a taken index",
      "MEMBERSHIP_INCONSISTENT",
      "honest",
      (copy) =>
        insertAfter(copy, copy.events[2] as LedgerEvent, {
          kind: "member-admitted",
          member: stranger,
          index: 0,
          role: "hospital",
        }),
    ],
    [
      "a member is revoked who never was one",
      "MEMBERSHIP_INCONSISTENT",
      "honest",
      (copy) =>
        insertAfter(copy, copy.events.at(-1) as LedgerEvent, { kind: "member-revoked", member: stranger, index: 2 }),
    ],
    [
      "a member takes over another one's key",
      "MEMBERSHIP_INCONSISTENT",
      "honest",
      (copy) =>
        insertAfter(copy, copy.events.at(-1) as LedgerEvent, {
          kind: "member-rotated",
          from: hospital,
          to: addressOf(0),
          index: 1,
        }),
    ],
    [
      "an event names a round that is over",
      "ROUND_MISMATCH",
      "honest",
      (copy) => insertAfter(copy, copy.events.at(-1) as LedgerEvent, { kind: "round-abandoned", round: 1 }),
    ],
    [
      "whoever was refused proposes again",
      "PROPOSER_REFUSED",
      "refusing",
      (copy) => {
        const { proposer } = first(copy, "model-proposed");
        set(
          eventOf(copy, "model-proposed", (event) => inFirst(event) && event.number === 2),
          { proposer },
        );
      },
    ],
    [
      "a hospital attests a proposal that was refused",
      "ATTESTATION_STATUS",
      "refusing",
      (copy) => {
        const spare = addressOf(3);
        remove(
          copy,
          (event) => event.kind === "attested" && inFirst(event) && event.proposal === 1 && event.member === spare,
        );
        insertAfter(copy, first(copy, "proposal-closed"), { ...first(copy, "attested"), member: spare });
      },
    ],
    [
      "a proposal is refused by too few",
      "REFUSED_WITHOUT_QUORUM",
      "refusing",
      (copy) => remove(copy, (event) => event.kind === "attested" && inFirst(event) && event.proposal === 1),
    ],
    [
      "a proposal expires early",
      "EXPIRED_EARLY",
      "refusing",
      (copy) => set(first(copy, "proposal-closed"), { status: "expired" }),
    ],
    [
      "a proposal is closed twice",
      "PROPOSAL_STATUS",
      "refusing",
      (copy) => insertAfter(copy, first(copy, "proposal-closed"), first(copy, "proposal-closed")),
    ],
  ];
  for (const [what, code, history, change] of rules) {
    it(`finds that ${what}`, async () => {
      const copy = copyOf(history === "honest" ? honest : refusing);
      change(copy);
      const report = await audit(copy);
      expect(report.verdict).to.equal("broken");
      const broken = findingsOf(report).filter(({ severity }) => severity === "broken");
      expect(broken.map((finding) => finding.code)).to.include(code);
    });
  }

  it("finds a history that ends before the newest round of the contract", async () => {
    const report = await audit(copyOf(honest), { latest: 3 });
    expect(report.first).to.include({ code: "HISTORY_INCOMPLETE", expected: "3", found: "2" });
  });

  it("notes a refusal that the objects prove unfounded, and still verifies the model", async () => {
    const copy = copyOf(honest);
    const [fourth] = copy.events.filter((event) => event.kind === "attested" && inFirst(event)).slice(-1);
    const { proposer, model } = first(copy, "model-proposed");
    const refusal = { version: 1, kind: "refusal", round: 1, proposal: 1, proposer, code: "WRONG_MODEL", found: model };
    const scores = await copy.store.put(encodeRefusal(refusal as Parameters<typeof encodeRefusal>[0]));
    set(fourth as LedgerEvent, { agree: false, scores });
    const report = await audit(copy);
    expect(report.verdict).to.equal("verified");
    expect(findingsOf(report).map((finding) => finding.code)).to.deep.equal(["REFUSAL_UNFOUNDED"]);
  });

  it("finds models that were not made by the rules of their plan", async () => {
    const strategy = { name: "fedavg", maxSharePermille: 260, maxStaleness: 0 };
    const krum = { name: "krum", maxSharePermille: 1000, maxStaleness: 0, byzantine: 5 };
    for (const [change, code] of [
      [{ strategy }, "WRONG_MODEL"],
      [{ strategy: krum }, "STRATEGY_TOO_FEW_UPDATES"],
      [{ minUpdates: 5 }, "TOO_FEW_UPDATES"],
    ] as const) {
      const copy = copyOf(honest);
      const plan = await replaceObject(copy, first(copy, "round-opened").plan, (bytes) => editJson(bytes, change));
      for (const event of [...copy.events]) {
        if (event.kind === "update-committed")
          await restate(copy, { round: event.round, hospital: event.member }, { plan });
      }
      const report = await audit(copy);
      expect(findingsOf(report).map((finding) => finding.code)).to.include(code);
      expect(findingsOf(report).map((finding) => finding.code)).not.to.include("INVALID_INCLUDED");
      expect(report.verdict).to.equal("broken");
    }
  });
});

function set(event: LedgerEvent, change: object): void {
  Object.assign(event, change);
}
