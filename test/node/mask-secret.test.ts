import { expect } from "chai";
import { noteSealed, readMaskSecret, secretFor } from "../../node/mask-secret.ts";
import { decideOpening, readOpening } from "../../node/opening-note.ts";
import type { Digest, RoundId } from "../../protocol/format/digest.ts";
import { FakeJournal, FakeSecrets } from "../fakes/party-ports.ts";

const [x, y] = [`0x${"01".repeat(32)}`, `0x${"02".repeat(32)}`] as [Digest, Digest];
const [seven, eight] = [7, 8] as [RoundId, RoundId];
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    ({ code }) => code,
  );

function world() {
  const [journal, secrets] = [new FakeJournal(), new FakeSecrets()];
  const { files } = secrets;
  let drawn = 0;
  return { files, ports: { secrets, journal, randomSecret: () => new Uint8Array(32).fill(++drawn) } };
}

describe("a hospital's secret of a private round", () => {
  it("is on disk with its input before it is used, and the same after a restart", async () => {
    const { ports, files } = world();
    const secret = await secretFor(ports, seven, x);
    expect([...files.keys()]).to.deep.equal(["mask/7"]);
    expect([...(await secretFor(ports, seven, x))]).to.deep.equal([...secret]);
    expect((await readMaskSecret(ports, seven))?.input).to.equal(x);
    expect([...(await secretFor(ports, eight, y))]).not.to.deep.equal([...secret]);
  });

  it("masks one input only", async () => {
    const { ports } = world();
    await secretFor(ports, seven, x);
    expect(await codeOf(secretFor(ports, seven, y))).to.equal("MASK_SECRET_TAKEN");
  });

  it("is refused to an input that was sealed before, also when the secret of that round is gone", async () => {
    const { ports } = world();
    await secretFor(ports, seven, x);
    await noteSealed(ports, seven);
    await ports.secrets.erase("mask/7");
    expect(await codeOf(secretFor(ports, eight, x))).to.equal("INPUT_SEALED");
    expect(await codeOf(secretFor(ports, eight, y))).to.equal(undefined);
  });

  it("is taken again for an input of a round that was never sealed: the same input may then try another round", async () => {
    const { ports } = world();
    const secret = await secretFor(ports, seven, x);
    expect([...(await secretFor(ports, eight, x))]).not.to.deep.equal([...secret]);
  });
});

describe("a holder's decision about an opening", () => {
  it("is made once a round", async () => {
    const { journal } = world().ports;
    expect(await readOpening(journal, seven)).to.equal(undefined);
    await decideOpening(journal, seven, x);
    await decideOpening(journal, seven, x);
    expect(await codeOf(decideOpening(journal, seven, y))).to.equal("OPENING_DECIDED");
    expect(await readOpening(journal, seven)).to.equal(x);
    expect(await codeOf(decideOpening(journal, eight, y))).to.equal(undefined);
  });
});
