// A configuration as a person may write it: YAML or JSON.
import { expect } from "chai";
import { parseConfigText } from "../../../scripts/party/config-text.ts";
import { expectCode } from "../../suites/blob-store.ts";

const parse = (text: string) => parseConfigText(text, "hospital.yaml");
const refusal = (text: string) => expectCode(async () => parse(text), "CONFIG_INVALID");

describe("the text of a configuration", () => {
  it("is YAML or JSON, with the same values", () => {
    const value = { chain: { endpoints: ["http://127.0.0.1:8545"], confirmations: 12 }, store: "store" };
    expect(parse(JSON.stringify(value))).to.deep.equal(value);
    const yaml = "# a comment\nchain:\n  endpoints:\n    - http://127.0.0.1:8545\n  confirmations: 12\nstore: store\n";
    expect(parse(yaml)).to.deep.equal(value);
  });

  it("keeps addresses, digests and modes as they are written, and takes no word for yes or no", () => {
    const address = `0x${"12".repeat(20)}`;
    expect(parse(`contract: ${address}\nmode: 0o600\nanswer: no\nrelay: true`)).to.deep.equal({
      ...{ contract: address, mode: "0o600", answer: "no", relay: true },
    });
  });

  it("is refused with its line where a field stands twice, a bracket is open, or a tag asks for more than data", async () => {
    await refusal("store: a\nstore: b");
    await refusal("listen: [ a");
    await refusal("store: !!js/function 'x'");
    await refusal("store: *unknown");
    try {
      parse("a: 1\nb: 2\nb: 3");
    } catch (error) {
      expect((error as { facts: { line: number } }).facts.line).to.equal(3);
    }
  });

  it("is refused before aliases or size take the machine's memory", async () => {
    const level = (name: string, of: string) => `${name}: &${name} [${Array(9).fill(of).join(", ")}]`;
    const names = Array.from({ length: 9 }, (_, index) => `a${index}`);
    await refusal(names.map((name, index) => level(name, index === 0 ? "x" : `*a${index - 1}`)).join("\n"));
    await refusal(`store: ${"x".repeat(1 << 20)}`);
  });
});
