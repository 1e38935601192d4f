/**
 * Chest CT, from files to a shard that a hospital trains on, and a synthetic archive to try it with. Nothing of it leaves the
 * machine; what could identify a patient stays out of the shard.
 *
 * @module imaging
 */
export type { CtFrame, CtInstance } from "../imaging/dicom/ct-instance.ts";
export { type DicomLimits, dicomLimits } from "../imaging/dicom/limits.ts";
export type { CompressedCodec, PixelData, ReadBytes } from "../imaging/dicom/pixel-data.ts";
export { type DicomFile, readInstance, readInstanceHeader } from "../imaging/dicom/read-instance.ts";
export type { OrderValues, VolumeMark, VolumeMarks } from "../imaging/dicom/volume-attributes.ts";
export type { ImportProgress } from "../imaging/import/fill-shard.ts";
export { importArchive, planImport } from "../imaging/import/import-archive.ts";
export type { ImportOptions } from "../imaging/import/import-options.ts";
export type { ImportReport, LabelCounts, PatientReport, SeriesReport } from "../imaging/import/import-report.ts";
export type { ImportSummary } from "../imaging/import/import-summary.ts";
export { type ArchiveOptions, type ArchiveSummary, writeSyntheticArchive } from "../imaging/phantom/write-archive.ts";
export type { ClassCounts, DataCard, Exclusion, Range } from "../imaging/shard/data-card.ts";
export type { QuarantineEntry } from "../imaging/shard/quarantine.ts";
export { openShard, type Shard, type ShardScan } from "../imaging/shard/shard.ts";
export type { ScanFacts } from "../imaging/shard/shard-format.ts";
export type { Shortcut } from "../imaging/shard/shortcut-check.ts";
export type { SplitName } from "../imaging/shard/split-patients.ts";
export { type WindowName, windowNames } from "../imaging/volume/intensity.ts";
