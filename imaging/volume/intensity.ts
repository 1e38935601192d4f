// HU to a network's input: one window a channel, 8 bits each.
import { type HuWindow, huWindows } from "./hu-table.ts";

/** The windows that a shard can have as channels. */
export const windowNames = ["lung", "mediastinum", "bone"] as const satisfies readonly (keyof typeof huWindows)[];
/** A window of HU that becomes a channel. */
export type WindowName = (typeof windowNames)[number];

/** [pixels] of HU to [pixels, windows] of 0 to 255 (DICOM PS3.3 C.11.2.1.3.2, linear exact). */
export function windowChannels(hu: Float32Array, windows: readonly WindowName[]): Uint8Array<ArrayBuffer> {
  const channels = new Uint8Array(hu.length * windows.length);
  for (const [channel, name] of windows.entries()) {
    const { centre, width }: HuWindow = huWindows[name];
    const low = centre - width / 2;
    for (let pixel = 0; pixel < hu.length; pixel++) {
      const share = (hu[pixel]! - low) / width;
      channels[pixel * windows.length + channel] = share <= 0 ? 0 : share >= 1 ? 255 : Math.round(share * 255);
    }
  }
  return channels;
}
