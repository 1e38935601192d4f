// What an attacker gets of whole private rounds: all objects that any party ever stored, and a chain that shows two faces.
import { expect } from "chai";
import type { HospitalPorts } from "../../node/hospital.ts";
import { decodeManifest } from "../../protocol/format/manifest.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import { decodePlan } from "../../protocol/format/plan.ts";
import type { PrivacySpec } from "../../protocol/format/privacy-spec.ts";
import { decodePrivateManifest } from "../../protocol/format/private-manifest.ts";
import { parseSafetensorsHeader } from "../../protocol/format/safetensors.ts";
import { boxBytes } from "../../protocol/private/box.ts";
import { decodeSumOpening } from "../../protocol/private/opening.ts";
import { rings } from "../../protocol/private/ring.ts";
import { openingThreshold } from "../../protocol/private/threshold.ts";
import { useFastCommitments } from "../fakes/fast-commitments.ts";
import { FakeFederation, type Site } from "../fakes/federation.ts";
import { kindOf } from "../fakes/object-kind.ts";

const privacy: PrivacySpec = { mode: "sum", unitWeight: 16, largest: 2047, maxSeals: 20 };
const plan = { rounds: 1, minUpdates: 3, privacy };

/** Every object that a party stores from now on, and every secret that a hospital writes. */
function watching(federation: FakeFederation) {
  const [objects, secrets] = [[] as Uint8Array[], new Map<string, Uint8Array>()];
  for (const { store, secrets: files, address } of [...federation.hospitals, ...federation.aggregators]) {
    const [put, write] = [store.put.bind(store), files.write.bind(files)];
    store.put = async (bytes) => {
      objects.push(bytes.slice());
      return put(bytes);
    };
    files.write = async (name, bytes) => {
      secrets.set(`${address} ${name}`, bytes.slice());
      await write(name, bytes);
    };
  }
  return { objects, secrets };
}

/** What an object is, by its bytes. */
function nameOf(bytes: Uint8Array): string {
  if (bytes.byteLength === boxBytes(rings.L16)) return "box";
  const kind = kindOf(bytes);
  if (kind !== undefined) return kind;
  for (const [name, decode] of [
    ["private manifest", decodePrivateManifest],
    ["manifest", decodeManifest],
    ["plan", decodePlan],
    ["safetensors", (file: Uint8Array) => parseSafetensorsHeader(file, file.byteLength)],
  ] as const) {
    try {
      const found = decode(bytes) as { readonly tensors?: readonly { readonly dtype: string }[] };
      return found.tensors ? `${name} of ${found.tensors[0]!.dtype}` : name;
    } catch {}
  }
  return bytes[0] === 0x5b ? "list" : "other";
}

describe("an attacker of private rounds", function () {
  this.timeout(120_000);
  let commitments: ReturnType<typeof useFastCommitments>;
  before(() => {
    commitments = useFastCommitments();
  });
  after(() => commitments.restore());

  it("finds nothing of a single hospital among all objects of a round: no update, scores, loss or time", async () => {
    const federation = await FakeFederation.create({ plan });
    const { objects, secrets } = watching(federation);
    federation.start();
    await federation.runUntil(() => federation.finals.length === 1, { withinSeconds: 3000 });
    // The only weights are those of models; masked objects are U16.
    const names = new Set(objects.map(nameOf));
    const known = ["box", "deal", "key", "list", "opening", "plan", "prekey", "private manifest"];
    expect([...names].sort()).to.deep.equal([...known, "safetensors of F32", "safetensors of U16"]);
    const weights = objects.filter((bytes) => nameOf(bytes) === "safetensors of F32").map(blobDigest);
    expect(new Set(weights)).to.deep.equal(new Set([federation.genesis, federation.finals[0]]));

    const all = Buffer.concat(objects);
    const inputs = [...secrets].filter(([name]) => name.includes(" input/"));
    expect(inputs).to.have.length(4);
    for (const [, input] of inputs) expect(all.includes(Buffer.from(input.slice(-64)))).to.equal(false);
    for (const [name, secret] of secrets) {
      const { secret: mask } = name.includes(" mask/") ? JSON.parse(Buffer.from(secret).toString()) : { secret: "" };
      const hidden = mask === "" ? Buffer.from(secret) : Buffer.from(mask, "hex");
      expect(all.includes(hidden.subarray(-32)), name).to.equal(false);
      expect(all.includes(hidden.subarray(-32).toString("hex")), name).to.equal(false);
    }
  });

  it("opens one set at most by a chain that shows two seals in turn, over a fork and back", async () => {
    const federation = await FakeFederation.create({ plan });
    const { objects } = watching(federation);
    const [, , , last] = federation.hospitals;
    const isForked = () => Math.floor(federation.time.now() / 1500) % 2 === 1;
    /** On the fork the last hospital has not committed, and the seal is of the others. */
    const twoFaced = ({ ledger }: HospitalPorts): Partial<HospitalPorts> => ({
      ledger: {
        ...ledger,
        round: async (id, waiting) => {
          const round = await ledger.round(id, waiting);
          if (!round.seal || !isForked()) return round;
          const others = round.seal.included.filter((member) => member !== last!.address);
          const committed = round.commitments.filter(({ member }) => member !== last!.address);
          return { ...round, commitments: committed, seal: { ...round.seal, included: others } };
        },
      },
    });
    const sites: readonly Site[] = federation.hospitals;
    for (const site of sites) site.tamper = twoFaced;
    federation.start();
    const isOver = () => federation.chain.rounds[0]?.status === "final" || federation.time.now() > 30_000;
    await federation.runUntil(isOver, { withinSeconds: 3000 });

    const holders = new Map<string, Set<string>>();
    const sets = new Map<string, Set<string>>();
    for (const bytes of objects.filter((each) => kindOf(each) === "opening")) {
      const { holder, included } = decodeSumOpening(bytes);
      holders.set(holder, (holders.get(holder) ?? new Set()).add(included));
      sets.set(included, (sets.get(included) ?? new Set()).add(holder));
    }
    expect(holders.size).to.be.greaterThan(0);
    for (const [holder, opened] of holders) expect(opened.size, holder).to.equal(1);
    const opened = [...sets.values()].filter((each) => each.size >= openingThreshold(sites.length));
    expect(opened.length).to.be.at.most(1);
  });
});
