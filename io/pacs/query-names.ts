// The attributes by which --query finds studies. Servers ignore names that they do not know, and answer with every study that
// they have: a name that is written wrongly must not reach one.

/** Those that the Study Root model of C-FIND knows for studies (PS3.4 C.6.2.1). */
export const studyKeys: Readonly<Record<string, string>> = {
  "00080020": "StudyDate",
  "00080030": "StudyTime",
  "00080050": "AccessionNumber",
  "00080061": "ModalitiesInStudy",
  "00080062": "SOPClassesInStudy",
  "00080090": "ReferringPhysicianName",
  "00081030": "StudyDescription",
  "00100010": "PatientName",
  "00100020": "PatientID",
  "00100030": "PatientBirthDate",
  "00100040": "PatientSex",
  "0020000D": "StudyInstanceUID",
  "00200010": "StudyID",
};

/** Further ones that servers of QIDO-RS match, also of patients and series (PS3.18 10.6). */
const furtherKeywords = [
  ..."fuzzymatching IssuerOfPatientID OtherPatientIDs PatientAge PatientComments InstitutionName StationName".split(
    " ",
  ),
  ..."InstitutionalDepartmentName Manufacturer ManufacturerModelName Modality SeriesDescription SeriesInstanceUID".split(
    " ",
  ),
  ..."SeriesNumber SeriesDate BodyPartExamined ProtocolName RequestedProcedureDescription RequestedProcedureID".split(
    " ",
  ),
  ..."RequestAttributesSequence ScheduledProcedureStepID PerformedProcedureStepStartDate AdmissionID TimezoneOffsetFromUTC".split(
    " ",
  ),
];
const keywords = new Set([...Object.values(studyKeys), ...furtherKeywords]);

/** Whether a name is a known keyword or a tag, also within sequences ("RequestAttributesSequence.00401001"). */
export function isQueryName(name: string): boolean {
  return name.split(".").every((part) => keywords.has(part) || /^[0-9A-Fa-f]{8}$/.test(part));
}
