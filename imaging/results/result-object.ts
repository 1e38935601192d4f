// What all results have in common: the patient's study, a series of their own, who made them, and that they are no diagnosis.
import { createHash } from "node:crypto";
import type { Dataset, ElementValue } from "../dicom/write-part10.ts";
import type { SourceInstance, SourceStudy } from "./source-study.ts";

export const notForDiagnosis = "Not for diagnosis";

/** What an audit says of the model. */
export interface ModelAudit {
  /** One or two words: verified, broken, unavailable, not audited, unknown model. */
  readonly verdict: string;
  /** Sentences for people. */
  readonly text: string;
}

/** What is said of a scan, by which model. */
export interface Finding {
  /** The model's probability of the positive class, 0 to 1. */
  readonly score: number;
  /** Name of the model's bytes, as the contract records it. */
  readonly model: string;
  readonly audit: ModelAudit;
  readonly software: string;
  readonly madeAt: Date;
}

/** Elements by tag, with their VR. */
export type Described = Readonly<Record<string, readonly [vr: string, value: ElementValue]>>;

export function dataset(elements: Described): Dataset {
  return new Map(Object.entries(elements).map(([tag, [vr, value]]) => [tag, { vr, value }]));
}

/** A sequence. */
export function items(...each: readonly Described[]): readonly ["SQ", readonly Dataset[]] {
  return ["SQ", each.map(dataset)];
}

/** PS3.3 8.8. */
export function code(value: string, scheme: string, meaning: string) {
  return items({ "00080100": ["SH", value], "00080102": ["SH", scheme], "00080104": ["LO", meaning] });
}

/** Terms that no standard has. */
export const ownScheme = "99CONSILIUM";

/** A UID under 2.25 (PS3.5 B.2) that follows from what the object says: the same result stored twice is one object. */
export function resultUid(...facts: readonly (string | number)[]): string {
  const digest = createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 32);
  return `2.25.${BigInt(`0x${digest}`)}`;
}

interface ResultKind {
  readonly sopClass: string;
  readonly modality: string;
  readonly seriesNumber: number;
  readonly description: string;
}

/** The elements that every result has, by PS3.3 C.7.1 to C.7.5 and C.12.1. */
export function commonElements(
  { identity, study, instances }: SourceStudy,
  { score, model, audit, software, madeAt }: Finding,
  { sopClass, modality, seriesNumber, description }: ResultKind,
): Dataset {
  // The machine's own time, as the study's is.
  const two = (value: number) => String(value).padStart(2, "0");
  const date = `${madeAt.getFullYear()}${two(madeAt.getMonth() + 1)}${two(madeAt.getDate())}`;
  const time = [madeAt.getHours(), madeAt.getMinutes(), madeAt.getSeconds()].map(two).join("");
  const sources = [...instances.values()].map(({ instance }) => instance);
  const facts = [sopClass, study, model, audit.text, software, score.toFixed(6), ...sources];
  const own = dataset({
    "00080005": ["CS", "ISO_IR 192"],
    "00080012": ["DA", date],
    "00080013": ["TM", time],
    "00080016": ["UI", sopClass],
    "00080018": ["UI", resultUid("instance", ...facts)],
    "00080021": ["DA", date],
    "00080023": ["DA", date],
    "00080031": ["TM", time],
    "00080033": ["TM", time],
    "00080060": ["CS", modality],
    "00080070": ["LO", "Consilium"],
    "0008103E": ["LO", `${description}. ${notForDiagnosis}`],
    "00081090": ["LO", "Capsule network"],
    "00181000": ["LO", model.slice(0, 64)],
    "00181020": ["LO", software],
    "0020000E": ["UI", resultUid("series", ...facts)],
    "00200011": ["IS", String(seriesNumber)],
    "00200013": ["IS", "1"],
  });
  return new Map([...identity, ...own]);
}

/** Sequences that hold the instances of a series: of reports (PS3.3 C.17.2) and of other objects (C.12.2). */
type InstanceSequence = "00081199" | "0008114A";

/** The instances that a result rests on, by series. */
export function referencedSeries(instances: Iterable<SourceInstance>, sequence: InstanceSequence) {
  const series = new Map<string, SourceInstance[]>();
  for (const one of instances) series.set(one.series, [...(series.get(one.series) ?? []), one]);
  return [...series].map(
    ([uid, members]): Described => ({
      "0020000E": ["UI", uid],
      [sequence]: items(...members.map((member) => reference(member))),
    }),
  );
}

/** @param frame of a file with several, from 1 */
export function reference({ sopClass, instance }: SourceInstance, frame?: number): Described {
  const whole: Described = { "00081150": ["UI", sopClass], "00081155": ["UI", instance] };
  return frame === undefined ? whole : { ...whole, "00081160": ["IS", String(frame)] };
}
