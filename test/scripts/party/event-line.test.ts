import { expect } from "chai";
import { eventLine } from "../../../scripts/party/event-line.ts";

describe("an event on stdout", () => {
  it("is one line of JSON that begins with its time", () => {
    const line = eventLine({ hospital: "0x12", event: "revoked" }, new Date("2026-11-29T12:00:00.250Z"));
    expect(line).to.equal('{"time":"2026-11-29T12:00:00.250Z","hospital":"0x12","event":"revoked"}\n');
  });
});
