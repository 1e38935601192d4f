// How archives write that a patient has COVID-19 or not: in the name of a folder or in the cell of a CSV.

export type Label = 0 | 1;

/** NCP is novel coronavirus pneumonia. */
const disease = new Set(["covid", "corona", "coronavirus", "ncp"]);
/** A class in the languages of archives; endings are those of plurals and genders. */
const positive = new Set(
  ["pos", "positif", "positifs", "positief", "positieve", "pozitif", "detected", "detectado", "nachgewiesen"].concat(
    ...["positiv", "positive", "positivo", "pozitivn", "dodatni", "pozytywn"].map(endings),
  ),
);
const negative = new Set(
  ["neg", "negatif", "negatifs", "negatief", "negatieve", "undetected"].concat(
    ...["negativ", "negative", "negativo", "negativn", "ujemn", "negatywn"].map(endings),
  ),
);
/** Results of tests that a denial turns round: not detected. */
const findings = new Set(["detected", "detectado", "nachgewiesen"]);
/** Words that stand for a class without COVID-19 on their own. */
const healthy = new Set([
  "normal",
  "normals",
  "healthy",
  "control",
  "controls",
  "gesund",
  "sano",
  "sain",
  "kontrolle",
  "kontrollen",
  "controle",
  "controles",
  "controlli",
  "temoin",
  "temoins",
  "gesunde",
  "sanos",
  "sani",
  "sains",
]);
/** Words that deny what stands beside them. */
const denials = new Set(
  ["no", "non", "not", "none", "without", "ohne", "kein", "keine", "nicht", "sin", "sans", "senza", "sem"].concat([
    "geen",
    "zonder",
    "niet",
    "nao",
    "uden",
    "utan",
    "bez",
    "free",
    "frei",
  ]),
);
const yes = new Set(["yes", "true", "y", "ja", "oui", "si"]);
const noAlone = new Set(["no", "non", "n", "false", "nein"]);
/** Words that say nothing about the class. */
const plain = new Set(
  ["ct", "patient", "patients", "case", "cases", "scan", "scans", "image", "images", "for"].concat([
    "class",
    "group",
    "a",
    "of",
    "the",
    "with",
    "mit",
    "con",
    "avec",
    "fur",
    "rt",
    "pcr",
    "test",
    "train",
    "training",
    "validation",
  ]),
);

/**
 * The class that a text names, in any spelling: CT_NonCOVID, COVID-, "ohne COVID", COVID-19 positive, 0_negative; 1 and 0
 * where `digits`, COVID_2020-03 where `dates`.
 *
 * @returns undefined where the text holds a word that is not understood, or says both
 */
export function labelOfWord(text: string, { digits = false, dates = false } = {}): Label | undefined {
  // 0_negative, 1_positive: learning tools number classes so. A number that says something else is no such number.
  const numbered = /^([01])[\s_.-]+(?=\D)(.+)$/.exec(text.trim());
  if (numbered) {
    const label = labelOfWord(numbered[2]!);
    return label === Number(numbered[1]) ? label : undefined;
  }
  const written = dates ? withoutDate(simplified(text)) : simplified(text);
  if (digits && /^[01]([.,]0*)?$/.test(written)) return written.startsWith("1") ? 1 : 0;
  // "COVID?" and words in other scripts may say anything.
  if (/[^a-z0-9\s_.,:/&()[\]{}+-]/.test(written) || /^-./.test(written)) return undefined;
  const words = wordsOf(written);
  const has = (known: ReadonlySet<string>) => words.filter((word) => known.has(word)).length;
  // "COVID yes" affirms; without the disease, yes says nothing of it.
  const affirmations = has(disease) > 0 ? yes : new Set<string>();
  const known = [disease, positive, negative, healthy, denials, plain, signs, affirmations];
  if (words.length === 0 || words.some((word) => !known.some((set) => set.has(word)))) return undefined;
  // "COVID and non-COVID" is both.
  if (has(disease) > 1 && has(denials) + has(negative) > 0) return undefined;
  const [ill, denied] = [
    has(disease) + has(positive),
    has(negative) + has(denials) + words.filter((word) => word === "-").length,
  ];
  const isUndetected = has(findings) === 1 && has(positive) === 1 && has(denials) === 1;
  const affirmed = (isUndetected ? 0 : has(positive)) + has(affirmations) + words.filter((word) => word === "+").length;
  // Two denials may cancel each other, and a class of its own cannot be denied: the meaning is unclear.
  if (denied > 1 || (affirmed > 0 && denied + has(healthy) > 0)) return undefined;
  if (has(healthy) > 0) return denied === 0 && has(disease) === 0 ? 0 : undefined;
  if (denied === 1) {
    // "patient no 5" is no class, "no" beside "yes" is.
    const isAlone = words.length === 1 && (words[0] === "no" || words[0] === "non");
    return has(negative) > 0 || has(disease) > 0 || isAlone || isUndetected ? 0 : undefined;
  }
  return ill > 0 ? 1 : undefined;
}

/**
 * Whether a text mentions a class but not which one: "COVID unlikely", "post-covid", "COVID?". Names
 * with numbers are those of patients: covid_017.
 */
export function isUnclearClass(text: string): boolean {
  if (labelOfWord(text) !== undefined) return false;
  const written = simplified(text);
  const speaks = [disease, positive, negative, healthy];
  return !/\d/.test(written) && wordsOf(written).some((word) => speaks.some((set) => set.has(word)));
}

const signs: ReadonlySet<string> = new Set(["+", "-"]);

/** The label in a cell of a CSV, where digits, signs, yes and no are usual as well. */
export function labelOfCell(text: string): Label | undefined {
  const written = simplified(text);
  if (written === "+" || yes.has(written)) return 1;
  if (written === "-" || noAlone.has(written)) return 0;
  return labelOfWord(text, { digits: true });
}

/** Whether a text names its class only by a minus at its end, which may as well be a separator that was left there. */
export function isSignedNegative(text: string): boolean {
  return labelOfWord(text) === 0 && wordsOf(simplified(text)).includes("-");
}

/** Whole words of other scripts; a character beside them, such as one that denies, leaves the text unclear. */
const otherScripts: readonly (readonly [RegExp, string])[] = [
  [/新冠(肺炎|病毒)?/g, " covid "],
  [/阳性|陽性/g, " positive "],
  [/阴性|陰性/g, " negative "],
  [/(?<!\p{L})положительн(ый|ая|ые|о)(?!\p{L})/gu, " positive "],
  [/(?<!\p{L})отрицательн(ый|ая|ые|о)(?!\p{L})/gu, " negative "],
];

/** Without the day, month or year with which a name begins or ends: COVID_2020-03. */
function withoutDate(written: string): string {
  const day = "(19|20)\\d\\d([-_.](0[1-9]|1[0-2])([-_.][0-3]\\d)?)?";
  return written.replace(new RegExp(`^${day}[\\s_-]+|[\\s_-]+${day}$`, "g"), "");
}

function endings(stem: string): string[] {
  return ["", "a", "e", "i", "o", "y", "s", "as", "es", "os"].map((end) => stem + end);
}

/** Lower case, without accents, with one name for the disease and one minus sign. */
function simplified(text: string): string {
  const translated = otherScripts.reduce((said, [word, meaning]) => said.replace(word, meaning), text.toLowerCase());
  return translated
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .trim()
    .replace(/[\u2010-\u2015\u2212]/g, "-")
    .replace(/([+-])ve(?![a-z])/g, (_, sign) => (sign === "+" ? " positive" : " negative"))
    .replace(/sars[-_ ]?cov[-_ ]?2|covid[-_ ]?(20)?19|2019[-_ ]?ncov|(?<![a-z])ncov(?![a-z])/g, "covid");
}

/** Words, and signs where they end a name or stand alone: the hyphen in "ct-covid" is a separator. */
function wordsOf(written: string): string[] {
  const parts = written.match(/[a-z]+|\d+|\+|-(?=[\s_)\]}]*$)/g) ?? [];
  return parts.flatMap((part) => {
    // Written together: noncovid, covidneg, ctcovid.
    const joined =
      /^(ct)?(no|non|not|nicht|kein|ohne|sin)?(covid)(neg|negative|negativ|pos|positive|positiv|free|frei)?$/.exec(
        part,
      );
    return joined ? joined.slice(1).filter((piece) => piece !== undefined) : [part];
  });
}
