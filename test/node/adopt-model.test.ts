// Adopting a model decides whether the prepared update was used up: used twice it counts twice, dropped it is lost.
import { expect } from "chai";
import { adoptModel } from "../../node/adopt-model.ts";
import { noteAdopted, notePrepared, type PreparedUpdate, readNotes } from "../../node/notes.ts";
import { lineageOf } from "../../protocol/contract/lineage.ts";
import type { RoundState } from "../../protocol/contract/round.ts";
import type { Digest, RoundId } from "../../protocol/format/digest.ts";
import { addressOf } from "../fakes/federation.ts";
import { FakeJournal } from "../fakes/party-ports.ts";

const self = addressOf(0);
const other = addressOf(1);
const named = (index: number) => `0x${`0${index}`.repeat(32)}` as Digest;
const modelOf = (id: number) => named(id + 1);

/** A final round into whose model these hospitals' updates went. */
function final(id: number, included: readonly (typeof self)[]): RoundState {
  return {
    id: id as RoundId,
    ...{ status: "final", opener: self, plan: named(9), base: modelOf(id - 1), members: [self, other] },
    ...{ commitBy: 1, proposeBy: 2, attestBy: 3, deadline: 4, openerFailed: false, commitments: [] },
    proposals: [
      {
        ...{ number: 1, proposer: other, model: modelOf(id), included, attestations: [] },
        ...{ hasWaited: true, status: "accepted" },
      },
    ],
    model: modelOf(id),
  };
}

function preparedIn(trainedIn: number): PreparedUpdate {
  return {
    trainedIn: trainedIn as RoundId,
    ...{ plan: named(9), base: modelOf(trainedIn - 1), update: named(8), shard: named(7), quarantine: named(7) },
    ...{ updateBytes: 1, sampleCount: 1 },
  };
}

/** Adopts the newest round's model. */
async function adopt(journal: FakeJournal, rounds: readonly RoundState[]): Promise<void> {
  const round = rounds.at(-1)!;
  const input = { round, lineage: lineageOf(rounds), notes: await readNotes(journal), self, maxModelBytes: 1 };
  const waiting = { signal: new AbortController().signal, emit: () => {} };
  await adoptModel({ exchange: { fetch: async () => {} }, journal }, input, waiting);
  expect((await readNotes(journal)).adopted).to.deep.equal({ round: round.id, model: round.model });
}

/** The update that remains prepared after the newest round's model is adopted, and the hospital's residual. */
async function afterAdopting(
  rounds: readonly RoundState[],
  { trainedIn, adopted, model = modelOf(adopted) }: { trainedIn: number; adopted: number; model?: Digest },
) {
  const journal = new FakeJournal();
  await notePrepared(journal, preparedIn(trainedIn), Uint8Array.of(trainedIn));
  if (adopted > 0) await noteAdopted(journal, { adopted: { round: adopted as RoundId, model }, spent: false });
  await adopt(journal, rounds);
  return { kept: (await readNotes(journal)).prepared !== undefined, residual: await journal.get("residual") };
}

describe("adopting a model", () => {
  it("uses up the prepared update where it went into the model, and takes its residual", async () => {
    const rounds = [final(1, [self, other]), final(2, [self, other])];
    const used = { kept: false, residual: Uint8Array.of(2) };
    expect(await afterAdopting(rounds, { trainedIn: 2, adopted: 1 })).to.deep.equal(used);
  });

  it("keeps it where it was left out, also after a round whose model its hospital's last update went into", async () => {
    const rounds = [final(1, [self, other]), final(2, [other])];
    const kept = { kept: true, residual: undefined };
    expect(await afterAdopting(rounds, { trainedIn: 2, adopted: 1 })).to.deep.equal(kept);
  });

  it("uses it up where it went into a model that this hospital missed", async () => {
    const rounds = [final(1, [other]), final(2, [self, other]), final(3, [other])];
    expect((await afterAdopting(rounds, { trainedIn: 2, adopted: 1 })).kept).to.equal(false);
    expect((await afterAdopting(rounds.slice(1), { trainedIn: 2, adopted: 0 })).kept).to.equal(false);
  });

  it("keeps the residual where no update is prepared, if a reorganisation replaced the model that used the last", async () => {
    const journal = new FakeJournal();
    await notePrepared(journal, preparedIn(1), Uint8Array.of(1));
    await adopt(journal, [final(1, [self, other])]);
    expect(await journal.get("residual")).to.deep.equal(Uint8Array.of(1));
    await adopt(journal, [{ ...final(1, [self, other]), model: named(6) }]);
    expect(await journal.get("residual")).to.deep.equal(Uint8Array.of(1));
  });

  it("looks from the round of its training on, where a reorganisation has replaced the adopted model", async () => {
    const rounds = [final(1, [self, other]), final(2, [self, other])];
    const replaced = { adopted: 2, model: named(6) };
    expect((await afterAdopting(rounds, { trainedIn: 2, ...replaced })).kept).to.equal(false);
    const without = [final(1, [self, other]), final(2, [other])];
    expect((await afterAdopting(without, { trainedIn: 2, ...replaced })).kept).to.equal(true);
  });
});
