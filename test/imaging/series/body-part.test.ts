import { expect } from "chai";
import { isOtherPart } from "../../../imaging/series/body-part.ts";

describe("the body part of a series", () => {
  it("is the chest's in many languages, also among other parts, and unless it certainly is another one", () => {
    const chests =
      "CHEST;TORAX-ABD-PELVIS;THORAX/BECKEN;CAP;HALS-THORAX;KLATKA PIERSIOWA;TRUNK_HEAD;;CHEST^HEAD;ABDOMEN";
    const more = "TÓRAX Y PELVIS;ГОЛОВА И ГРУДЬ;头胸部;HOOFD EN BORST;TÊTE, POUMONS;WHIPPLE;UNKNOWN;C/A/P NECK CHEST";
    const joined = "NECKTHORAX;ABDCHEST;HALSTHORAX;HEAD TO THIGH;SKULL_PELVIS;NECK/ABD/PELVIS;TÊTE-BASSIN";
    for (const part of [...chests.split(";"), ...more.split(";"), ...joined.split(";")])
      expect(isOtherPart(part), part).to.equal(false);
  });

  it("is another one where it names the head, the spine, a limb or the pelvis alone", () => {
    const others =
      "HEAD;BECKEN;CSPINE;L SPINE;TÊTE;ГОЛОВА;头部;KNEE LEFT;NECK;CABEZA-CUELLO;HIP;KNEE AND FOOT;HEADNECK;SHOULDER";
    for (const part of others.split(";")) expect(isOtherPart(part), part).to.equal(true);
  });
});
