import { expect } from "chai";
import { isFedError } from "../../foundation/errors.ts";
import { bindNotes } from "../../node/bind-notes.ts";
import { noteAdopted, notePrepared, readNotes, readResidual } from "../../node/notes.ts";
import type { LedgerEvent } from "../../protocol/contract/events.ts";
import type { Digest, HospitalAddress, RoundId } from "../../protocol/format/digest.ts";
import { FakeJournal, FakeLog } from "../fakes/party-ports.ts";

const contractOf = (letter: string) => `0x${letter.repeat(40)}` as HospitalAddress;
const nobody = contractOf("0");
const digest = `0x${"7".repeat(64)}` as Digest;
const residual = Uint8Array.of(1, 2, 3);

/** A contract's first events, in the order in which its constructor emits them. */
function ledgerOf(contract: HospitalAddress, predecessor: HospitalAddress) {
  const kinds = [{ kind: "terms-set" }, { kind: "federation-founded", predecessor }];
  return {
    federation: { chainId: 1, contract },
    async *history() {
      yield* kinds as unknown as LedgerEvent[];
    },
  };
}

describe("the notes of a hospital's store", () => {
  let journal: FakeJournal;
  const log = new FakeLog();
  const { signal } = new AbortController();
  const bind = (contract: HospitalAddress, predecessor = nobody) =>
    bindNotes({ journal, ledger: ledgerOf(contract, predecessor), log }, { signal });
  const [old, next, other] = ["a", "b", "c"].map(contractOf) as [HospitalAddress, HospitalAddress, HospitalAddress];

  beforeEach(async () => {
    journal = new FakeJournal();
    const prepared = {
      ...{ trainedIn: 2 as RoundId, plan: digest, base: digest, update: digest, updateBytes: 3, sampleCount: 1 },
      ...{ shard: digest, quarantine: digest },
    };
    await notePrepared(journal, prepared, residual);
    await noteAdopted(journal, { adopted: { round: 2 as RoundId, model: digest }, spent: true });
    await notePrepared(journal, { ...prepared, trainedIn: 3 as RoundId }, residual);
  });

  it("of a new store are bound without reading the contract's history", async () => {
    journal = new FakeJournal();
    const unread = { ...ledgerOf(old, nobody), history: () => expect.fail("it was read") };
    await bindNotes({ journal, ledger: unread, log }, { signal });
    await bind(old);
    const refused = await bind(next).catch((error: unknown) => error);
    expect(isFedError(refused, "STORE_OTHER_FEDERATION")).to.equal(true);
  });

  it("are kept by a restart under the same contract", async () => {
    await bind(old);
    await bind(old);
    expect((await readNotes(journal)).adopted).to.deep.equal({ round: 2, model: digest });
  });

  it("forget the rounds of a predecessor, and keep the rounding remainder", async () => {
    await bind(old);
    await bind(next, old);
    expect(await readNotes(journal)).to.deep.equal({ adopted: undefined, prepared: undefined });
    expect(await readResidual(journal)).to.deep.equal(residual);
    await noteAdopted(journal, { adopted: { round: 1 as RoundId, model: digest }, spent: false });
    await bind(next, old);
    expect((await readNotes(journal)).adopted?.round).to.equal(1);
  });

  it("of version 0.1.0, which name no contract, are taken for those of the predecessor", async () => {
    await bind(next, old);
    expect((await readNotes(journal)).adopted).to.equal(undefined);
  });

  it("of another federation are refused, and stay as they are", async () => {
    await bind(old);
    const before = new Map(journal.entries);
    for (const predecessor of [nobody, other]) {
      const refused = await bind(next, predecessor).catch((error: unknown) => error);
      expect(isFedError(refused, "STORE_OTHER_FEDERATION")).to.equal(true);
    }
    expect(journal.entries).to.deep.equal(before);
  });
});
