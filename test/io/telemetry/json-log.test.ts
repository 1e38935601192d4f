import { expect } from "chai";
import { jsonLog } from "../../../io/telemetry/json-log.ts";

describe("the log", () => {
  const written = (level: "debug" | "info" | "warn" | "error") => {
    const lines: string[] = [];
    const log = jsonLog((line) => lines.push(line), { level, now: () => new Date(0) });
    return { log, parsed: () => lines.map((line) => JSON.parse(line)) };
  };

  it("writes one JSON object a line, with the part that speaks", () => {
    const { log, parsed } = written("info");
    log.child("p2p").child("dial").warn("peer-gone", { peer: "x", bytes: 12n });
    expect(parsed()).to.deep.equal([
      { time: "1970-01-01T00:00:00.000Z", level: "warn", part: "p2p.dial", event: "peer-gone", peer: "x", bytes: "12" },
    ]);
  });

  it("leaves out what is below its level", () => {
    const { log, parsed } = written("warn");
    log.debug("a");
    log.info("b");
    log.error("c");
    expect(parsed().map(({ event }) => event)).to.deep.equal(["c"]);
  });

  it("keeps an event of several lines on one line", () => {
    const { log, parsed } = written("info");
    log.info("odd", { text: "a\nb" });
    expect(parsed()).to.have.length(1);
  });
});
