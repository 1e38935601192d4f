// The status as text: the federation, its rules, and a table of its newest rounds.
import type { RoundTerms } from "../../protocol/contract/round.ts";
import { showDuration } from "../ledger/duration.ts";
import { table } from "../terminal/table.ts";
import type { OwnStore } from "./own-store.ts";
import type { FederationStatus, RoundSummary } from "./summary.ts";

export function showStatus(status: FederationStatus): string {
  const { contract, chainId, chainTime, owner, ownedByHospitals, pausedUntil, terms, members, rounds } = status;
  const active = members.filter(({ active: isActive }) => isActive);
  const hospitals = active.filter(({ role }) => role === "hospital");
  const unbound = active.filter(({ peerId }) => peerId === undefined).length;
  const lines = [
    `federation  ${contract} on chain ${chainId}`,
    `owner       ${ownedByHospitals ? "the hospitals, by vote" : owner}`,
    `members     ${count(hospitals.length, "hospital")}, ${count(active.length - hospitals.length, "aggregator")}, ` +
      `${members.length - active.length} revoked${unbound > 0 ? `; ${unbound} have not bound a peer yet` : ""}`,
    `rules       updates ${showDuration(terms.commitPeriod)}${earlyEnd(terms)}, ` +
      `proposal ${showDuration(terms.proposePeriod)}, attestations ${showDuration(terms.attestPeriod)}; ` +
      `at least ${terms.minUpdates} updates, ${terms.maxExpired} overdue proposals, ${terms.sampleCap} samples`,
  ];
  lines.push(`plan        ${status.agreedPlan ?? "none is agreed on yet: no round can open"}`);
  if (status.privateSums) {
    const { seals, maxSeals } = status.privateSums;
    lines.push(`sums        ${seals} of at most ${maxSeals} opened; no update of a single hospital`);
    if (seals >= maxSeals) lines.push("spent       the privacy budget: no round opens here any more");
  }
  if (!status.isKnownCode)
    lines.push("warning     the contract's code is not the build that this program knows: read it first");
  if (pausedUntil !== null) lines.push(`paused      for another ${showDuration(pausedUntil - chainTime)}`);
  for (const { member, since, rounds: missed } of status.late) {
    lines.push(`late        ${member} for ${showDuration(chainTime - since)}: no update in ${count(missed, "round")}`);
  }
  if (status.store) lines.push(storeLine(status.store));
  const [newest] = rounds;
  if (newest && newest.awaited.length > 0) lines.push(`waits for   ${newest.awaited.join(" ")}`);
  if (rounds.length === 0) return [...lines, "no round yet"].join("\n");
  const header = ["round", "status", "updates", "samples", "votes", "awaits", "for", "model"];
  return [
    ...lines,
    "",
    table(
      header,
      rounds.map((round) => row(round, chainTime)),
    ),
  ].join("\n");
}

/** When committing can end before its period: nothing where the terms have no early share. */
function earlyEnd({ earlyShare, gracePeriod }: RoundTerms): string {
  return earlyShare === 0 ? "" : ` (at most ${showDuration(gracePeriod)} more once ${earlyShare} % have come)`;
}

function storeLine({ objects, objectBytes, unfinishedBytes, maxBytes, freeBytes }: OwnStore): string {
  const parts = [`${showSize(objectBytes)} in ${count(objects, "object")}`];
  if (maxBytes !== null)
    parts.push(`${Math.round((100 * objectBytes) / maxBytes)} % of the limit of ${showSize(maxBytes)}`);
  if (unfinishedBytes > 0) parts.push(`${showSize(unfinishedBytes)} of unfinished fetches`);
  return `store       ${[...parts, `${showSize(freeBytes)} free on its disk`].join("; ")}`;
}

/** In MiB up to ten GiB. */
function showSize(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  return mebibytes < 10_240
    ? `${mebibytes.toFixed(mebibytes < 10 ? 1 : 0)} MiB`
    : `${Math.round(mebibytes / 1024)} GiB`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function row(round: RoundSummary, now: number): (string | number)[] {
  const { id, status, commitments, hospitals, samples, proposals, agreeing, disagreeing, awaits, until, model } = round;
  return [
    id,
    proposals > 1 ? `${status} (proposal ${proposals})` : status,
    `${commitments}/${hospitals}`,
    samples,
    proposals > 0 ? `${agreeing} yes, ${disagreeing} no` : "",
    awaits,
    until === null ? "" : showDuration(until - now),
    model ? `${model.slice(0, 10)}…` : "",
  ];
}
