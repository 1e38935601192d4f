// What runs side by side is read as if it had run one after the other.
import { expect } from "chai";
import { type Print, sideBySide } from "../../../scripts/checks/side-by-side.ts";

describe("suites that run side by side", () => {
  it("are shown list by list, each work's results in order, whatever ends first", async () => {
    let endSecond = () => {};
    const second = new Promise<void>((resolve) => (endSecond = resolve));
    const shown: string[] = [];
    const results = await sideBySide<string>(
      [
        [
          async (print: Print) => {
            print("a1 ");
            await second;
            print("a2 ");
            return "a";
          },
          async (print: Print) => {
            print("b1 ");
            return "b";
          },
        ],
        [
          async (print: Print) => {
            print("c1 ");
            expect(shown).to.deep.equal(["a1 "]); // as it comes, and nothing of the second list
            endSecond();
            return "c";
          },
        ],
      ],
      (text) => shown.push(String(text)),
    );
    expect(shown.join("")).to.equal("a1 a2 b1 c1 ");
    expect(results).to.deep.equal(["a", "b", "c"]);
  });
});
