// The forms in which one archive may come: all that may differ between two archives of the same scans.
import fc from "fast-check";
import type { EncodingName } from "../../../imaging/phantom/encodings.ts";
import type { QuarterTurns } from "../../../imaging/phantom/placement.ts";

export const slices = 7;
export interface Member {
  readonly id: string;
  readonly label: 0 | 1;
}
/** Ids with leading zeros, which spreadsheets drop. */
export const members: readonly Member[] = [1, 0, 1, 0].map((label, index) => ({
  id: `000${index + 1}`,
  label: label as 0 | 1,
}));

/** All that may differ between two archives of the same scans. */
export const forms = fc.record({
  layout: fc.constantFrom(
    ..."class/patient/series class/patient class patient/class class/DICOM/patient class/date/patient".split(" "),
    ..."export/site/class/patient patient patient/series flat class/accession CD/patient class/patient/series/raw".split(
      " ",
    ),
  ),
  names: fc.constantFrom("hash", "number", "no-extension", "upper", "series-slice"),
  encoding: fc.constantFrom<EncodingName>("explicit-little", "implicit-little", "explicit-big", "deflated", "rle"),
  turn: fc.constantFrom<readonly [QuarterTurns, string]>([0, "HFS"], [2, "HFP"], [1, "HFDR"]),
  frames: fc.constantFrom("single", "single", "single", "multi"),
  /** The upper half of the slices under a SeriesInstanceUID of its own. */
  isSplit: fc.boolean(),
  isPadded: fc.boolean(),
  /** Pixels of a constant value around each slice, and whether PixelPaddingValue names the value. */
  margin: fc.oneof(
    { weight: 2, arbitrary: fc.constant(undefined) },
    {
      weight: 1,
      arbitrary: fc.record({
        pixels: fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9), fc.nat(9)),
        isNamed: fc.boolean(),
        value: fc.constantFrom("lowest", "air", "padding"),
      }),
    },
  ),
  copies: fc.array(fc.nat(members.length * slices - 1), { maxLength: 3 }),
  litter: fc.subarray(["text", "viewer", "system", "report"]),
  container: fc.constantFrom("folder", "folder", "zip", "zip-of-class", "links"),
  labels: fc.constantFrom("folders", "folders", "rows", "both"),
  csv: fc.record({
    separator: fc.constantFrom(",", ";", "\t", "|"),
    encoding: fc.constantFrom("utf8", "bom", "utf16", "latin1"),
    quote: fc.constantFrom("none", "all", "equals"),
    words: fc.constantFrom("1 0", "1.0 0.0", "positive negative", "COVID NonCOVID", "COVID+ COVID-", "yes no"),
    key: fc.constantFrom("id", "dropped-zeros", "file"),
    extra: fc.boolean(),
    end: fc.constantFrom("\n", "\r\n"),
    isReversed: fc.boolean(),
  }),
});
export type Form = typeof forms extends fc.Arbitrary<infer T> ? T : never;

/** The plainest form, which all others are compared with. */
export const plainForm: Form = {
  ...{
    layout: "class/patient/series",
    names: "number",
    encoding: "explicit-little",
    turn: [0, "HFS"],
    frames: "single",
  },
  ...{
    isSplit: false,
    isPadded: false,
    margin: undefined,
    copies: [],
    litter: [],
    container: "folder",
    labels: "folders",
  },
  csv: {
    ...{ separator: ",", encoding: "utf8", quote: "none", words: "1 0", key: "id", extra: false, end: "\n" },
    isReversed: false,
  },
};
