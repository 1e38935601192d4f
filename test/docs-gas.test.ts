// The prices in the documents are those of the gas snapshot, which test/contracts/gas.test.ts holds against the contract.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { GasReport } from "../bench/gas/measure.ts";

const root = join(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const gas = JSON.parse(read("test/contracts/snapshots/gas.json")) as GasReport;
const shown = (amount: number) => amount.toLocaleString("en-US");

describe("the prices in the documents", () => {
  it("are the snapshot's in the table of federations, size by size", () => {
    const page = read("docs/chains.md");
    for (const [size, round] of Object.entries(gas.rounds)) {
      const { commitment, attestation, toFinal, withAllAttestations } = round;
      const each = Math.round(withAllAttestations / Number(size));
      const prices = [commitment, gas.relayed[size]!, attestation, toFinal, withAllAttestations, each];
      expect(page).to.include(`\n| ${[Number(size), ...prices].map(shown).join(" | ")} |\n`);
    }
  });

  it("are the snapshot's for founding, admitting, the first round and an account's needs", () => {
    const page = read("docs/chains.md");
    const { deploy, admit, firstRound, rounds } = gas;
    const ten = rounds["10"]!;
    expect(page).to.include(`| ${shown(deploy)} + 5 × ${shown(admit)} |`);
    expect(page).to.include(`Founding costs ${shown(deploy)} and each admission ${shown(admit)}.`);
    expect(page).to.include(`first commitment costs ${shown(firstRound.firstCommitment)}`);
    expect(page).to.include(`a round of ten hospitals ${shown(firstRound.toFinal)} up to`);
    const sums = gas.privateRounds.later;
    const more = sums.toFinal - ten.toFinal;
    expect(page).to.include(
      `costs ${shown(more)} more, whatever the number of hospitals: its seal takes\n${shown(sums.seal)}.`,
    );
    expect(page).to.include(`| ${shown(ten.commitment + ten.attestation)} |`);
    expect(page).to.include(`| ${shown(ten.open + ten.propose)} |`);
  });

  it("are the snapshot's for what members send for hospitals without gas", () => {
    const page = read("docs/operators-guide.md").replaceAll(/\s+/g, " ");
    const { relayed, relayedVotes } = gas;
    expect(page).to.include(
      `${shown(relayed["20"]!)} gas a commitment and ${shown(relayedVotes["20"]!)} a vote when 20`,
    );
    expect(page).to.include(`(${shown(relayed["3"]!)} and ${shown(relayedVotes["3"]!)} when 3 do)`);
  });
});
