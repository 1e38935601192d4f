// What the folders of an archive are: a class, a patient, or neither (a date, "DICOM", "images"). One folder alone does not
// say it; all of them together do.
import { isSignedNegative, isUnclearClass, type Label, labelOfWord } from "./class-names.ts";

export interface FolderReading {
  /** "unclear" if a name mentions a class but not which one, or two names contradict each other. */
  readonly label: Label | undefined | "unclear";
  /** Names down to the folder of the class; undefined where there is none. */
  readonly classPath: readonly string[] | undefined;
  /** Names down to the patient's folder; undefined where no folder is a patient's. */
  readonly patientPath: readonly string[] | undefined;
  /** The patient's name among all of the class: its folder's, and before it those of a site or batch around it. */
  readonly patientName: string | undefined;
  /** The patient's folder holds the folder of the class, and not the other way round. */
  readonly isPatientOutside: boolean;
}

const generic = new RegExp(
  `^(${[
    "dicoms?|dcm|dicomdir|images?|img|imgs|im|data|datasets?|cts?|scans?|slices?|series|stud(y|ies)|patients?|cases?|files?",
    "exports?|archives?|viewer|jpe?gs?|pngs?|pictures?|photos?|raw|all|anon(ymi[sz]ed)?|help|autorun|icons?|resources?",
    "thumb(nail)?s?|previews?|snapshots?|screenshots?|captures?|key[-_ ]?images?|html?|web|logos?|skins?|assets|ihe[-_]pdi",
    "train(ing)?|test(ing)?|val(idation)?",
  ].join("|")})$`,
  "i",
);
/** Folders around several patients' own: two of them may use the same names. */
const container =
  /^(batch|part|chunk|cohort|centre|center|site|hospital|clinic|institution|department|ward|radiology|disk|volume|package)([-_ ]?(\d+|[a-z]))?$/i;
/** Whether a name is a tool's or a format's, and says nothing about who or what is in the folder. */
export function isGeneric(name: string): boolean {
  return generic.test(name) && !splitWord.test(name);
}

/** Whether a folder is a part of an archive that somebody split for learning. */
export function isSplit(name: string): boolean {
  return splitWord.test(name);
}

const splitWord = /^(train(ing)?|test(ing)?|val(idation)?)$/i;
const date = /^((19|20)\d\d([-_.]?(0[1-9]|1[0-2])([-_.]?[0-3]\d)?)?|[0-3]?\d[-_.][01]?\d[-_.](19|20)\d\d)$/;

/** @param folders names of each folder that holds images, each folder once */
export function readFolders(folders: readonly (readonly string[])[]): (names: readonly string[]) => FolderReading {
  const labelOf = classReader(folders);
  const hasClasses = folders.some((names) => names.some((_, depth) => labelOf(names, depth) !== undefined));
  const topics = topicsOf(folders, labelOf);
  const parentsAreSaid = parentsArePatients(folders, labelOf);

  return (names) => {
    const classes = [...names.keys()].filter((depth) => labelOf(names, depth) !== undefined);
    const at = classes.at(-1) ?? -1;
    const label = at < 0 ? undefined : labelOf(names, at);
    const isContradicted = classes.some(
      (depth) => labelOf(names, depth) !== label && !topics.has(pathOf(names, depth)),
    );
    // Above a class such a name is the subject of the archive; where nothing is a class it is no failed one.
    const isUnclear = isContradicted || (hasClasses && names.some((name, depth) => depth > at && isUnclearClass(name)));
    const isSomebodys = (name: string) => !generic.test(name) && !date.test(name);
    const first = names.findIndex((name, depth) => depth > at && isSomebodys(name));
    const below = first < 0 ? -1 : patientBelow(names, first, isSomebodys);
    const isPatientOutside = below < 0 && at > 0 && parentsAreSaid;
    const patientEnd = isPatientOutside ? at : below + 1;
    const named = isPatientOutside ? names.slice(at - 1, at) : names.slice(first, patientEnd).filter(isSomebodys);
    return {
      label: isUnclear ? "unclear" : label,
      classPath: at < 0 ? undefined : names.slice(0, at + 1),
      patientPath: patientEnd > 0 ? names.slice(0, patientEnd) : undefined,
      patientName: patientEnd > 0 ? named.join("/") : undefined,
      isPatientOutside,
    };
  };
}

/**
 * Depth of the patient's folder from the first one on that is neither a tool's nor a date: it, unless a folder below it is
 * called a patient, or it is a site's or batch's. -1 where there is none.
 */
function patientBelow(names: readonly string[], first: number, isSomebodys: (name: string) => boolean): number {
  if (looksLikePatient(names[first]!)) return first;
  const said = names.findIndex((name, depth) => depth > first && looksLikePatient(name));
  return said >= 0
    ? said
    : names.findIndex((name, depth) => depth >= first && isSomebodys(name) && !container.test(name));
}

/** Whether a name is that of a patient by its form alone: patient7, P-012, subject 3. */
export function looksLikePatient(name: string): boolean {
  return /^(pat(ient)?|p|sub(ject)?|case|person|pt)[-_ ]?\d+$/i.test(name);
}

type ClassReader = (names: readonly string[], depth: number) => Label | undefined;

/**
 * Words, or folders called 1 and 0 where no words are classes and both stand side by side. A minus at the end is read only
 * where something else is positive: else it may be a separator that was left there.
 */
function classReader(folders: readonly (readonly string[])[]): ClassReader {
  const names = new Set(folders.flat());
  // covid_2001 beside covid_17 is a patient, and no year.
  const isNumberedClass = (name: string) =>
    labelOfWord(name, { dates: true }) === undefined && labelOfWord(name.replace(/\d/g, "")) !== undefined;
  const dates = ![...names].some(isNumberedClass);
  const found = new Map([...names].map((name) => [name, labelOfWord(name, { dates })]));
  const hasPositive = [...found.values()].includes(1);
  if (!hasPositive) for (const name of names) if (isSignedNegative(name)) found.set(name, undefined);
  if ([...found.values()].some((label) => label !== undefined)) return (path, depth) => found.get(path[depth]!);
  const digits = depthOfDigits(folders);
  return (path, depth) => (depth === digits ? labelOfWord(path[depth]!, { digits: true }) : undefined);
}

/** Depth at which all folders are called 1 or 0, side by side in each folder but those of a split; -1 where there is none. */
function depthOfDigits(folders: readonly (readonly string[])[]): number {
  const deepest = folders.reduce((most, { length }) => Math.max(most, length), 0);
  for (let depth = 0; depth < deepest; depth++) {
    const inside = new Map<string, Set<string>>();
    for (const names of folders) {
      if (names.length <= depth) continue;
      const parent = pathOf(names, depth - 1);
      inside.set(parent, (inside.get(parent) ?? new Set()).add(names[depth]!));
    }
    const kinds = [...inside];
    const areDigits = kinds.every(([, found]) => [...found].every((name) => name === "0" || name === "1"));
    const areBeside = kinds.every(([parent, found]) => found.size === 2 || splitWord.test(parent.split("/").at(-1)!));
    if (areDigits && areBeside && kinds.some(([, found]) => found.size === 2)) return depth;
  }
  return -1;
}

/** Folders with both classes below them: COVID/positive beside COVID/negative is about COVID, not of one class. */
function topicsOf(folders: readonly (readonly string[])[], labelOf: ClassReader): ReadonlySet<string> {
  const below = new Map<string, Set<Label>>();
  for (const names of folders) {
    for (const depth of names.keys()) {
      const label = labelOf(names, depth);
      if (label === undefined) continue;
      for (let above = 0; above < depth; above++) {
        const path = pathOf(names, above);
        below.set(path, (below.get(path) ?? new Set()).add(label));
      }
    }
  }
  return new Set([...below].flatMap(([path, labels]) => (labels.size > 1 ? [path] : [])));
}

/** Whether the folders around those of classes are patients': several, and most of them of one class. */
function parentsArePatients(folders: readonly (readonly string[])[], labelOf: ClassReader): boolean {
  const classes = new Map<string, Set<Label>>();
  for (const names of folders) {
    const at = [...names.keys()].findLast((depth) => labelOf(names, depth) !== undefined) ?? 0;
    const parent = names[at - 1];
    if (parent === undefined || generic.test(parent) || date.test(parent)) continue;
    const path = pathOf(names, at - 1);
    classes.set(path, (classes.get(path) ?? new Set()).add(labelOf(names, at)!));
  }
  const both = [...classes.values()].filter(({ size }) => size > 1).length;
  return classes.size > 1 && both * 2 < classes.size;
}

function pathOf(names: readonly string[], depth: number): string {
  return names.slice(0, depth + 1).join("/");
}
