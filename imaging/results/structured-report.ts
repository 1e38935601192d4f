// What the model says of a scan, in words and numbers: an Enhanced SR (PS3.3 A.35.2) in the patient's study.
import type { Dataset } from "../dicom/write-part10.ts";
import type { HeavySlice } from "./heaviest-slices.ts";
import {
  code,
  commonElements,
  type Described,
  dataset,
  type Finding,
  items,
  notForDiagnosis,
  ownScheme,
  reference,
  referencedSeries,
  resultUid,
} from "./result-object.ts";
import type { SourceInstance, SourceStudy } from "./source-study.ts";

const warning =
  "Not for diagnosis. Made for research by a model that is no medical device; no decision about a patient may rest on it.";

/** @param results other results about the same scan, which the report refers to */
export function structuredReport(
  study: SourceStudy,
  finding: Finding,
  slices: readonly HeavySlice[],
  results: readonly SourceInstance[],
): Dataset {
  const kind = {
    ...{ sopClass: "1.2.840.10008.5.1.4.1.1.88.22", modality: "SR", seriesNumber: 9802 },
    description: "Score of a federated model",
  };
  const common = commonElements(study, finding, kind);
  const evidence = referencedSeries([...study.instances.values(), ...results], "00081199");
  const own = dataset({
    "0008103E": ["LO", `${kind.description}. ${notForDiagnosis}`],
    "00081111": items(),
    "0040A040": ["CS", "CONTAINER"],
    "0040A043": code("126000", "DCM", "Imaging Measurement Report"),
    "0040A050": ["CS", "SEPARATE"],
    "0040A372": items(),
    "0040A375": items({ "0020000D": ["UI", study.study], "00081115": items(...evidence) }),
    "0040A491": ["CS", "COMPLETE"],
    "0040A493": ["CS", "UNVERIFIED"],
    "0040A730": items(
      content("HAS CONCEPT MOD", "CODE", code("121049", "DCM", "Language of Content Item and Descendants"), {
        "0040A168": code("en", "RFC5646", "English"),
      }),
      content("HAS OBS CONTEXT", "CODE", code("121005", "DCM", "Observer Type"), {
        "0040A168": code("121007", "DCM", "Device"),
      }),
      content("HAS OBS CONTEXT", "UIDREF", code("121012", "DCM", "Device Observer UID"), {
        "0040A124": ["UI", resultUid("device", finding.software, finding.model)],
      }),
      content("HAS OBS CONTEXT", "TEXT", code("121013", "DCM", "Device Observer Name"), {
        "0040A160": ["UT", "Consilium"],
      }),
      text(code("121106", "DCM", "Comment"), warning),
      number(code("probability", ownScheme, "Probability of COVID-19 by the model"), 100 * finding.score),
      text(code("model", ownScheme, "Digest of the model"), finding.model),
      text(code("audit", ownScheme, "Audit of the model"), finding.audit.text),
      ...slices.flatMap(({ weight, number: slice, of, file, frame, isOneOfFrames }) => [
        content("CONTAINS", "IMAGE", code("heavy-slice", ownScheme, "Slice that weighed most in the score"), {
          "00081199": items(reference(study.instances.get(file)!, isOneOfFrames ? frame + 1 : undefined)),
        }),
        text(
          code("weight", ownScheme, "Weight of the slice in the score"),
          `Slice ${slice} of ${of} from the feet: ${weight.toFixed(3)} of the largest weight`,
        ),
      ]),
      ...results.map((one) =>
        content("CONTAINS", "IMAGE", code("result", ownScheme, "Result of the same model"), {
          "00081199": items(reference(one)),
        }),
      ),
    ),
  });
  return new Map([...common, ...own]);
}

type Code = ReturnType<typeof code>;

function content(relation: string, kind: string, concept: Code, value: Described): Described {
  return { "0040A010": ["CS", relation], "0040A040": ["CS", kind], "0040A043": concept, ...value };
}

function text(concept: Code, value: string): Described {
  return content("CONTAINS", "TEXT", concept, { "0040A160": ["UT", value] });
}

function number(concept: Code, percent: number): Described {
  const measured = items({ "004008EA": code("%", "UCUM", "Percent"), "0040A30A": ["DS", percent.toFixed(2)] });
  return content("CONTAINS", "NUM", concept, { "0040A300": measured });
}
