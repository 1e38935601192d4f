// Which words for a scanner and its kernels may be copied into a shard: those that makers use. Anybody can type anything
// into these attributes at the console, also a patient's name.

export type ScannerWord = "manufacturer" | "model" | "kernel";

const makers = [
  ...["siemens", "siemens healthineers", "siemens healthcare", "siemens healthcare gmbh", "siemens ag"],
  ...["ge", "ge medical systems", "ge healthcare", "philips", "philips medical systems", "philips healthcare"],
  ...["toshiba", "toshiba_mec", "toshiba medical systems", "canon", "canon_mec", "canon medical systems"],
  ...["canon medical systems corporation", "hitachi", "hitachi medical corporation", "hitachi healthcare"],
  ...["fujifilm", "fujifilm corporation", "fujifilm healthcare corporation", "neusoft", "neusoft medical systems"],
  ...["uih", "united imaging", "united imaging healthcare", "shimadzu", "shimadzu corporation", "elscint", "imatron"],
  ...["picker international", "picker international inc.", "marconi medical systems", "marconi medical systems inc."],
  ...["neurologica", "samsung neurologica", "samsung", "minfound", "minfound medical", "anke", "accuray", "varian"],
  ...["varian medical systems", "planmed"],
];

/** Words of which the makers' names for models consist, apart from numbers. */
const modelWords = new Set([
  ..."somatom naeotom sensation cardiac emotion duo definition as as+ flash edge ds plus volume zoom force drive".split(
    " ",
  ),
  ..."perspective scope spirit confidence alpha balance smile go.now go.up go.all go.top go.sim x.cite x.ceed".split(
    " ",
  ),
  ..."biograph mct truepoint vision lightspeed brightspeed discovery revolution optima hispeed prospeed evo apex".split(
    " ",
  ),
  ..."frontier maxima es gsi vct vfx ct ct/i xt xte hd rt pro qx/i fx/i nx/i ultra elite select advantage".split(" "),
  ..."brilliance ingenuity iqon incisive ict idt mx gemini tf access spectral big bore core flow slice slices tof".split(
    " ",
  ),
  ..."aquilion one prime sp lightning cxl lb rxl exceed precision serve asteion activion alexion auklet xvision".split(
    " ",
  ),
  ..."xpress genesis edition scenaria supria eclos pronto neuviz uct atlas ceretom bodytom scintcare anatom epoch".split(
    " ",
  ),
]);

const kernels = [
  // Siemens: B40f, Br40d\3, I70f, Qr44; Toshiba and Canon: FC08, FC51-H, FL03.
  /^[bdhtuijq][a-z]{0,2}\d{1,2}[a-z]?$/,
  /^f[cl]\d{2}(-h)?$/,
  // GE
  /^((hd|nd) ?)?(standard|stnd|std|soft|lung|bone|boneplus|detail|chest|edge|ultra|sharp|smooth)( ?(plus|\+))?$/,
  // Philips
  /^([a-fl]|[uy][a-d]|xc[bc]|imr\d)$/,
  // Canon, Hitachi, Neusoft, United Imaging: BODY_SHARP, LUNG SHARP, B_SOFT_B.
  /^(body|lung|bone|brain|cardiac|[bcfhk])[ _]v?(sharp|standard|soft|smooth|std)(_[a-z]{1,2})?$/,
];

/** Whether a value is a maker's own word; an empty one says nothing and counts as known. */
export function isScannerWord(kind: ScannerWord, value: string): boolean {
  const word = value.trim().toLowerCase();
  if (word === "") return true;
  if (kind === "manufacturer") return makers.includes(word);
  if (kind === "model") return isModel(word);
  // A strength of iterative reconstruction follows a backslash.
  const [kernel, strength = "1", ...others] = word.split("\\");
  return others.length === 0 && /^\d$/.test(strength) && kernels.some((pattern) => pattern.test(kernel!));
}

/** Known words and numbers of a model, with at least one word; "ICT256" and "CT750HD" are both at once. */
function isModel(model: string): boolean {
  const parts = model.split(/[\s_()-]+/).filter((part) => part !== "");
  const isKnown = (part: string) =>
    part.split(/(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])/).every((piece) => modelWords.has(piece) || /^\d{1,4}$/.test(piece));
  return parts.every((part) => modelWords.has(part) || isKnown(part)) && parts.some((part) => /[a-z]{2}/.test(part));
}
