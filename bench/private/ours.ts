// Our side of the private benchmark, in a process of its own: masks an input, and unmasks the sum of ten.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseAddress, parseRoundId } from "../../protocol/format/digest.ts";
import { type MaskSecrets, maskInput, maskKey } from "../../protocol/private/mask.ts";
import { chooseRing } from "../../protocol/private/ring.ts";
import { sumMasked, unmask } from "../../protocol/private/unmask.ts";
import { memorySource } from "../../protocol/update/byte-source.ts";
import { peakBytes } from "../aggregate/peak-memory.ts";

const [file, count, repeats] = process.argv.slice(2) as [string, string, string];
const hospitals = Number(count);
const bytes = new Uint8Array(readFileSync(file));
const input = new Int32Array(bytes.buffer);
const ring = chooseRing({ hospitals, largest: 3276, noiseStdDev: 0 });
const context = { chainId: 31337, contract: parseAddress(`0x${"c0".repeat(20)}`), round: parseRoundId(1) };
const secrets = Array.from({ length: hospitals }, (_, index): MaskSecrets => {
  const secret = new Uint8Array(createHash("sha256").update(`bench ${index}`).digest());
  return { ring, secret, context };
});

const seconds = (started: bigint) => Number(process.hrtime.bigint() - started) / 1e9;
let [maskSeconds, unmaskSeconds] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
const sources = secrets.map((each) => {
  const started = process.hrtime.bigint();
  const masked = maskInput(input, each);
  maskSeconds = Math.min(maskSeconds, seconds(started));
  return memorySource(masked);
});
const keys = secrets.map((each) => maskKey(each));
const key = keys[0]!.map((slots, place) => slots.map((_, i) => keys.reduce((sum, each) => sum + each[place]![i]!, 0)));
const shape = { ring, coordinates: input.length };
for (let repeat = 0; repeat < Number(repeats); repeat++) {
  const started = process.hrtime.bigint();
  const { sum } = unmask(await sumMasked(sources, shape), key, { ...shape, context });
  unmaskSeconds = Math.min(unmaskSeconds, seconds(started));
  if (sum.some((value, i) => value !== hospitals * input[i]!)) throw new Error("the sum is wrong");
}
console.log(JSON.stringify({ maskSeconds, unmaskSeconds, peakBytes: peakBytes() }));
