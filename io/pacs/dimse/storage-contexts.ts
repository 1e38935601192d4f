// The presentation contexts (PS3.8 9.3.2.2) in which instances may come: one for each pair of SOP class and transfer syntax, so
// that the PACS need not convert any instance.
import dimse from "dcmjs-dimse";

const { PresentationContextResult } = dimse.constants;

/** All that an import decodes (imaging/dicom/transfer-syntax.ts), uncompressed ones first. */
const transferSyntaxes: readonly string[] = [
  ..."1.2.840.10008.1.2.1 1.2.840.10008.1.2 1.2.840.10008.1.2.1.99 1.2.840.10008.1.2.2 1.2.840.10008.1.2.5".split(" "),
  ...[50, 51, 57, 70, 80, 81, 90, 91, 201, 202, 203].map((last) => `1.2.840.10008.1.2.4.${last}`),
];

/** CT, Enhanced CT, Legacy Converted Enhanced CT, Secondary Capture: what CT series hold. */
export const usualClasses: readonly string[] = [
  "1.2.840.10008.5.1.4.1.1.2",
  "1.2.840.10008.5.1.4.1.1.2.1",
  "1.2.840.10008.5.1.4.1.1.2.2",
  "1.2.840.10008.5.1.4.1.1.7",
];
const storageRoot = "1.2.840.10008.5.1.4.1.1.";
const verification = "1.2.840.10008.1.1";
/** Ids are odd bytes, and one is the retrieval's own. */
const mostClasses = Math.floor(126 / transferSyntaxes.length);

export function isStorageClass(uid: string): boolean {
  return uid.startsWith(storageRoot);
}

/** Proposes to receive instances of the classes over an association that we open (C-GET). */
export function proposeStorage(association: dimse.association.Association, classes: readonly string[]): void {
  const wanted = [...new Set(classes)].filter(isStorageClass).slice(0, mostClasses);
  for (const classUid of wanted.length > 0 ? wanted : usualClasses) {
    for (const [index, syntax] of transferSyntaxes.entries()) {
      const id = association.addPresentationContext(classUid);
      association.addTransferSyntaxToPresentationContext(id, syntax);
      // One role for each class: PS3.7 D.3.3.4.
      if (index > 0) continue;
      association.getPresentationContext(id).setUserRole(false);
      association.getPresentationContext(id).setProviderRole(true);
    }
  }
}

/** Accepts, of what the PACS proposes to store (C-MOVE), each class in the first transfer syntax that an import decodes. */
export function acceptStorage(association: dimse.association.Association): void {
  for (const { context } of association.getPresentationContexts()) {
    const abstract = context.getAbstractSyntaxUid();
    const known = context.getTransferSyntaxUids().find((syntax) => transferSyntaxes.includes(syntax));
    if (!isStorageClass(abstract) && abstract !== verification) {
      context.setResult(PresentationContextResult.RejectAbstractSyntaxNotSupported);
    } else if (known === undefined) context.setResult(PresentationContextResult.RejectTransferSyntaxesNotSupported);
    else context.setResult(PresentationContextResult.Accept, known);
  }
}
