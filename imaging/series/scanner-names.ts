// Which words for a scanner and its kernels may be copied into a shard: those that makers use. Anybody can type anything
// into these attributes at the console, also a patient's name.

export type ScannerWord = "manufacturer" | "model" | "kernel";

const known: Readonly<Record<ScannerWord, RegExp>> = {
  manufacturer:
    /^(siemens( healthineers| healthcare( gmbh)?| ag)?|ge( medical systems| healthcare)?|philips( medical systems| healthcare)?|toshiba(_mec| medical systems)?|canon(_mec| medical systems( corporation)?)?|hitachi( medical corporation| healthcare)?|fujifilm( healthcare corporation| corporation)?|neusoft( medical systems)?|uih|united imaging( healthcare)?|shimadzu( corporation)?|picker international( inc\.?)?|marconi medical systems( inc\.?)?|elscint|neurologica|samsung( neurologica)?|minfound( medical)?|anke|imatron|accuray|varian( medical systems)?|planmed)$/i,
  model:
    /^(((somatom|naeotom) )?(sensation( cardiac)?|emotion( duo)?|definition( as| flash| edge| ds)?|plus|volume zoom|force|drive|perspective|scope|spirit|confidence|alpha|balance|smile|go\.(now|up|all|top|sim|open)|x\.(cite|ceed|cited))|biograph|lightspeed|brightspeed|discovery|revolution|optima|hispeed|prospeed|cardiac imaging|brilliance|ingenuity|iqon|incisive|ict|mx|gemini|access|spectral|mx8000|aquilion( one| prime| prime sp| lightning| cxl| lb| rxl| exceed lb| precision| serve)?|asteion|activion|alexion|auklet|xvision|xpress|scenaria|supria|eclos|pronto|neuviz|uct|umi|fct|ceretom|bodytom|scintcare|anatom)([ -]?(ct|vct|vfx|xt|xte|hd|rt|plus|pro|qx\/i|ultra|16|32|40|64|128|256|(ct)?\d{1,4}[a-z]{0,2}|idt|as\+|elite|evo|apex|frontier|maxima|es|gsi|\(\d{4}\)|core|flow|prime|core\d*|truepoint|mct\d*|vision|ix|exp|se|tof|big bore|slice|slices|power|s|dual|emotion|lite|fd|fx\/i|nx\/i|advantage))*\+?$/i,
  kernel:
    /^([bdhtuijq][a-z]{0,2}\d{1,2}[a-z]?|qr\d{2}[a-z]?|al\d{2}|fc\d{2}(-h)?|fl\d{2}|(hd |nd )?(standard|stnd|std|soft|lung|bone(plus)?|detail|chest|edge|ultra|sharp|smooth)( ?(\+|plus|\d{1,2}))?|(body|lung|bone|brain|cardiac)[ _](sharp|standard|soft|std)|[a-fl]|[uy]?[abcd]|ya|yb|yc|yd|ub|uc|ua|xcb|xcc|cb|imr\d|(b|k|f|h|c)_(soft|sharp|vsharp|smooth|standard)_[a-z]{1,2})(\\\d)?$/i,
};

/** Whether a value is a maker's own word; an empty one says nothing and counts as known. */
export function isScannerWord(kind: ScannerWord, value: string): boolean {
  return value === "" || known[kind].test(value.trim());
}
