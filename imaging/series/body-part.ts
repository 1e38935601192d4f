// Whether a series' Body Part Examined names something else than the chest. It should be a term of PS3.16 annex L, and is
// free text in any language in many archives: only what certainly shows no lungs is refused.

/** Beginnings of words for the chest, the lungs, the heart or the whole trunk. */
const chestWords = [
  ..."CHEST THORA TORAC TORAX TORAK TÓRAX LUNG PULM PNEUMO POUMON POITRIN PECHO PETTO POLMON BRUST BORST".split(" "),
  ..."BRYST BRÖST KLATK HRUD MELLKAS TÜDŐ GÖĞÜS GOGUS AKCIG AKCIĞ RINTA KEUH LUNGE PLÍC PLUC PŁUC PĽÚC".split(" "),
  ..."COR CARDI HEART HERZ TRUNK TORSO STAMM TRONC BODY WHOLEBODY GANZKÖRPER TAP CAP".split(" "),
  ..."ГРУД ЛЁГК ЛЕГК ЛЕГЕН ΘΩΡΑ ΠΝΕΥΜ 胸 肺 흉 폐 ทรวงอก ปอด صدر رئ חזה ריא".split(" "),
];
/** Beginnings of words for parts that have no lungs in them. */
const otherWords = [
  ..."HEAD BRAIN SKULL NECK FACE ORBIT SINUS JAW TEMPORAL PELVI KNEE HIP FOOT FEET HAND WRIST ELBOW".split(" "),
  ..."SHOULDER ANKLE LEG SPINE CSPINE LSPINE TSPINE SSPINE EXTREMIT FEMUR TIBIA PROSTATE BLADDER".split(" "),
  ..."KOPF SCHÄDEL HALS BECKEN KNIE HÜFTE WIRBEL TÊTE TETE CRÂNE CRANE CRANI CRÂNI COU BASSIN GENOU".split(" "),
  ..."CABEZA CUELLO RODILLA TESTA COLLO BACINO GINOCCHIO CABEÇA CABECA PESCOÇO JOELHO HOOFD BEKKEN".split(" "),
  ..."GŁOW MIEDNIC HLAV PÁNEV ГОЛОВ МОЗГ ШЕЯ ТАЗ 头 頭 脳 脑 颅 颈 盆 膝 머리 뇌 골반".split(" "),
];

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
  return begins(otherWords) && !begins(chestWords);
}
