// Reads the event files back by a parser of its own, and by TensorBoard where Python has it.
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openScalarFile } from "../../../io/telemetry/tensorboard.ts";
import { openTrainingCurves } from "../../../scripts/party/training-curves.ts";

/** CRC-32C by a table, unlike the writer's. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});
const crc32c = (bytes: Uint8Array) => ~bytes.reduce((crc, byte) => (crc >>> 8) ^ table[(crc ^ byte) & 255]!, -1) >>> 0;

function* records(bytes: Buffer): Iterable<Buffer> {
  const check = (part: Buffer, stored: number) => {
    const rotated = (stored - 0xa282ead8) >>> 0;
    expect(((rotated >>> 17) | (rotated << 15)) >>> 0).to.equal(crc32c(part));
  };
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    check(bytes.subarray(at, at + 8), bytes.readUInt32LE(at + 8));
    const data = bytes.subarray(at + 12, at + 12 + length);
    check(data, bytes.readUInt32LE(at + 12 + length));
    yield data;
    at += 16 + length;
  }
}

/** A protocol buffer's fields by number, whatever the message. */
function fieldsOf(message: Buffer): Map<number, Buffer | number> {
  const fields = new Map<number, Buffer | number>();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const take = (length: number) => {
      at += length;
      return message.subarray(at - length, at);
    };
    const readers = [varint, () => take(8).readDoubleLE(), () => take(varint())];
    const read = (key & 7) === 5 ? () => take(4).readFloatLE() : readers[key & 7]!;
    fields.set(key >> 3, read());
  }
  return fields;
}

interface Scalar {
  readonly time: number;
  readonly step: number;
  readonly tag: string;
  readonly value: number;
}

async function read(dir: string): Promise<{ version: string; scalars: Scalar[] }> {
  const [name = "none"] = await readdir(dir);
  expect(name).to.match(/^events\.out\.tfevents\.\d+\./);
  const [first, ...rest] = [...records(await readFile(join(dir, name)))].map(fieldsOf);
  const scalars = rest.map((event) => {
    const value = fieldsOf(fieldsOf(event.get(5) as Buffer).get(1) as Buffer);
    const [time, step] = [event.get(1) as number, event.get(2) as number];
    return { time, step, tag: String(value.get(1)), value: value.get(2) as number };
  });
  return { version: String(first!.get(3)), scalars };
}

describe("event files of TensorBoard", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-tensorboard-"));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("hold each scalar with its step and time, in records whose checksums hold", async () => {
    expect(crc32c(Buffer.from("123456789"))).to.equal(0xe3069283); // the known check value
    const file = await openScalarFile(dir, () => 1_795_993_200.25);
    file.scalar("training/loss", 0, 0.5);
    file.scalar("a tag whose name is so long that its length takes two bytes ".repeat(4), 2 ** 33 + 300, -1.25);
    file.close();
    const { version, scalars } = await read(dir);
    expect(version).to.equal("brain.Event:2");
    expect(scalars.map(({ time, step, value }) => [time, step, value])).to.deep.equal([
      [1_795_993_200.25, 0, 0.5],
      [1_795_993_200.25, 2 ** 33 + 300, -1.25],
    ]);
    expect(scalars[0]!.tag).to.equal("training/loss");
    const [name] = await readdir(dir);
    expect((await stat(join(dir, name!))).mode & 0o77).to.equal(0);
  });

  const events = [
    { event: "training", round: 2, step: 3, steps: 8, loss: 0.75 },
    { event: "trained", round: 2, loss: 0.5, seconds: 12 },
    { event: "scored", round: 2, patients: 9, auc: 0.875 },
    { event: "scored", round: 3, patients: 9, auc: undefined },
    { event: "adopted", round: 2 },
  ];
  const expected = [
    ["training/loss", 11, 0.75],
    ["round/loss", 2, 0.5],
    ["round/training_seconds", 2, 12],
    ["round/validation_auc", 2, 0.875],
  ];
  const written = async () => {
    const curves = await openTrainingCurves(dir);
    for (const event of events) curves.event(event);
    curves.close();
  };

  it("have the loss by step and round, the duration and the validation AUC of a hospital's events", async () => {
    const before = Date.now() / 1000;
    await written();
    const { scalars } = await read(dir);
    expect(scalars.map(({ tag, step, value }) => [tag, step, value])).to.deep.equal(expected);
    for (const { time } of scalars) expect(time).to.be.within(before, Date.now() / 1000);
  });

  it("are read by TensorBoard", async function () {
    this.timeout(120_000);
    const script =
      "import sys, json\nfrom tensorboard.backend.event_processing.event_accumulator import EventAccumulator\n" +
      "a = EventAccumulator(sys.argv[1]); a.Reload()\n" +
      "print(json.dumps([[t, e.step, e.value] for t in a.Tags()['scalars'] for e in a.Scalars(t)]))";
    await written();
    const python = process.env["CONSILIUM_PYTHON"] ?? "python3";
    const { status, stdout, stderr } = spawnSync(python, ["-c", script, dir], { encoding: "utf8" });
    if (status !== 0 && /No module named|ENOENT/.test(stderr ?? "ENOENT")) {
      console.log("      skipped: Python has no tensorboard (pip install tensorboard)");
      this.skip();
    }
    expect(status, stderr).to.equal(0);
    expect(JSON.parse(stdout)).to.have.deep.members(expected);
  });
});
