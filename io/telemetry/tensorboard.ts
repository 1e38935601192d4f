// TensorBoard's event files by hand, since no maintained package writes them: TFRecords (length, masked CRC-32C, bytes) of the
// protocol buffer tensorflow.Event with scalars only.
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { makePrivateFolder } from "../../foundation/private-files.ts";

export interface ScalarFile {
  /** @param step TensorBoard's horizontal axis, at least 0 */
  scalar(tag: string, step: number, value: number): void;
  close(): void;
}

/**
 * Begins a new event file in a folder, for its owner only.
 * @param now seconds since 1970
 */
export async function openScalarFile(dir: string, now: () => number = () => Date.now() / 1000): Promise<ScalarFile> {
  await makePrivateFolder(dir);
  // TensorBoard finds the files of a run by the middle part, and reads them in the order of their times.
  const path = join(dir, `events.out.tfevents.${Math.floor(now())}.consilium.${process.pid}`);
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW } = constants;
  const file = openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600);
  const write = (event: Uint8Array) => writeSync(file, recordOf(event));
  write(eventOf(now(), field(3, Buffer.from("brain.Event:2"))));
  return {
    scalar(tag, step, value) {
      const float = Buffer.alloc(5, 0x15); // field 2, 32 bits
      float.writeFloatLE(value, 1);
      const summary = field(1, Buffer.concat([field(1, Buffer.from(tag)), float]));
      write(eventOf(now(), Buffer.concat([Buffer.of(0x10), varint(step), field(5, summary)])));
    },
    close: () => closeSync(file),
  };
}

/** tensorflow.Event: wall_time is field 1, a double; then the other fields. */
function eventOf(seconds: number, others: Uint8Array): Uint8Array {
  const time = Buffer.alloc(9, 0x09);
  time.writeDoubleLE(seconds, 1);
  return Buffer.concat([time, others]);
}

/** A field of bytes: its number with the wire type 2, the length, the bytes. */
function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of((number << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Buffer.from([...bytes, value]);
}

function recordOf(event: Uint8Array): Buffer {
  const record = Buffer.alloc(16 + event.length);
  record.writeBigUInt64LE(BigInt(event.length), 0);
  record.writeUInt32LE(maskedCrc(record.subarray(0, 8)), 8);
  record.set(event, 12);
  record.writeUInt32LE(maskedCrc(event), 12 + event.length);
  return record;
}

/** CRC-32C (RFC 3720, reflected polynomial 0x82f63b78), rotated and shifted as TFRecords store it. */
function maskedCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  const whole = ~crc >>> 0;
  return (((whole >>> 15) | (whole << 17)) + 0xa282ead8) >>> 0;
}
