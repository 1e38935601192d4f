// The largest bytes that each decoder of a peer's object reads at all, as docs/protocol.md promises.
import { expect } from "chai";
import { isFedError } from "../../../foundation/errors.ts";
import { decodeAnnouncement } from "../../../protocol/format/announcement.ts";
import { decodeManifest } from "../../../protocol/format/manifest.ts";
import { decodePlan } from "../../../protocol/format/plan.ts";
import { decodePrivateManifest } from "../../../protocol/format/private-manifest.ts";
import { decodeRefusal } from "../../../protocol/format/refusal.ts";
import { decodeValidationScores } from "../../../protocol/format/validation-scores.ts";
import { decodePrekeyStatement } from "../../../protocol/private/prekey-statement.ts";

describe("objects that are too large", () => {
  for (const [what, decode, most] of [
    ["ANNOUNCEMENT", decodeAnnouncement, 1024],
    ["MANIFEST", decodeManifest, 8192],
    ["MANIFEST", decodePrivateManifest, 8192],
    ["PREKEY", decodePrekeyStatement, 4096],
    ["PLAN", decodePlan, 65_536],
    ["REFUSAL", decodeRefusal, 2048],
    ["SCORES", decodeValidationScores, 4 << 20],
  ] as const) {
    it(`${what}: from ${most + 1} bytes on`, () => {
      const codeOf = (bytes: number) => {
        try {
          decode(new Uint8Array(bytes).fill(0x20));
          return undefined;
        } catch (error) {
          return isFedError(error) ? error.code : String(error);
        }
      };
      expect(codeOf(most)).to.equal(`${what}_MALFORMED`);
      expect(codeOf(most + 1)).to.equal(`${what}_TOO_LARGE`);
    });
  }
});
