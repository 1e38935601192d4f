// Whether a series' Body Part Examined names something else than the chest. It should be a term of PS3.16 annex L, and is
// free text in any language in many archives: only what certainly shows no lungs is refused.

/** Beginnings of words for the chest, the lungs, the heart or the whole trunk. */
const chestWords = [
  ..."CHEST THORA TORAC TORAX TORAK TÓRAX LUNG PULM PNEUMO POUMON POITRIN PECHO PETTO POLMON BRUST BORST".split(" "),
  ..."BRYST BRÖST KLATK HRUD MELLKAS TÜDŐ GÖĞÜS GOGUS AKCIG AKCIĞ RINTA KEUH LUNGE PLÍC PLUC PŁUC PĽÚC".split(" "),
  ..."COR CARDI HEART HERZ TRUNK TORSO STAMM TRONC BODY WHOLEBODY GANZKÖRPER TAP CAP".split(" "),
  ..."ГРУД ЛЁГК ЛЕГК ЛЕГЕН ΘΩΡΑ ΠΝΕΥΜ 胸 肺 흉 폐 ทรวงอก ปอด صدر رئ חזה ריא".split(" "),
];
/** Beginnings of words for parts above the chest, which have no lungs in them. */
const upperWords = [
  ..."HEAD BRAIN SKULL NECK FACE ORBIT SINUS JAW TEMPORAL KOPF SCHÄDEL HALS TÊTE TETE CRÂNE CRANE CRANI CRÂNI COU".split(
    " ",
  ),
  ..."CABEZA CUELLO TESTA COLLO CABEÇA CABECA PESCOÇO HOOFD GŁOW HLAV ГОЛОВ МОЗГ ШЕЯ 头 頭 脳 脑 颅 颈 머리 뇌".split(
    " ",
  ),
];
/** The same of parts below it. */
const lowerWords = [
  ..."PELVI KNEE HIP FOOT FEET ANKLE LEG FEMUR THIGH TIBIA PROSTATE BLADDER BECKEN KNIE HÜFTE BASSIN GENOU".split(" "),
  ..."RODILLA BACINO GINOCCHIO JOELHO BEKKEN MIEDNIC PÁNEV ТАЗ 盆 膝 골반".split(" "),
];
/** The same of parts that lie beside it or have no place. */
const otherWords = [..."HAND WRIST ELBOW SHOULDER SPINE CSPINE LSPINE TSPINE SSPINE EXTREMIT WIRBEL".split(" ")];
/** Part of a word this long is no coincidence: NECKTHORAX, ABDCHEST. */
const tellingLength = 5;

/** @param bodyPart in upper case */
export function isOtherPart(bodyPart: string): boolean {
  const words = bodyPart.normalize("NFC").split(/[^\p{L}\p{M}]+/u);
  // Scripts without spaces, which begin with Thai at U+0E00, put several parts into one word.
  const begins = (beginnings: readonly string[]) =>
    words.some((word) =>
      beginnings.some((beginning) =>
        beginning.charCodeAt(0) > 0x0e00 ? word.includes(beginning) : word.startsWith(beginning),
      ),
    );
  const hasChest =
    begins(chestWords) ||
    words.some((word) => chestWords.some((part) => part.length >= tellingLength && word.includes(part)));
  // From the head to the thighs: the chest lies between.
  const [isUpper, isLower] = [begins(upperWords), begins(lowerWords)];
  if (hasChest || (isUpper && isLower)) return false;
  return isUpper || isLower || begins(otherWords);
}
