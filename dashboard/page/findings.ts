// What the page derives from the state before it draws anything.
import type { DashboardState, MemberShown, Part, RoundShown } from "../state/state.ts";

/** A simulation's name, or the first digits of the address. */
export function nameOf({ members }: Pick<DashboardState, "members">, address: string): string {
  const name = members.find((each) => each.address === address)?.name;
  return name ?? (address.length > 12 ? `${address.slice(0, 8)}…${address.slice(-4)}` : address);
}

/** Sorted by member, so that the order of arrival changes nothing. */
export function partsOf({ members }: Pick<DashboardState, "members">, round: RoundShown): readonly Part[] {
  const place = new Map(members.map(({ address }, index) => [address, index]));
  const of = ({ hospital }: Part) => place.get(hospital) ?? members.length;
  return round.parts.toSorted((a, b) => of(a) - of(b));
}

export interface Link {
  readonly from: string;
  readonly to: string;
  readonly relayed: boolean;
}

/** Each pair of linked members once; direct if either side sees a direct connection. */
export function linksOf({ sights }: Pick<DashboardState, "sights">): readonly Link[] {
  const links = new Map<string, Link>();
  for (const { party, links: seen } of sights) {
    for (const { member, relayed } of seen) {
      const [from, to] = [party, member].sort() as [string, string];
      const before = links.get(`${from} ${to}`);
      links.set(`${from} ${to}`, { from, to, relayed: relayed && (before?.relayed ?? true) });
    }
  }
  return [...links.values()];
}

export type Presence = "self" | "connected" | "relayed" | "away" | "revoked" | "unknown";

/** Seen from the parties that tell this page: one's own node, or all of a simulation. */
export function presenceOf(state: DashboardState, member: MemberShown): Presence {
  if (!member.active) return "revoked";
  if (member.address === state.about.self) return "self";
  const own = linksOf(state).filter(({ from, to }) => from === member.address || to === member.address);
  if (own.some(({ relayed }) => !relayed)) return "connected";
  if (own.length > 0) return "relayed";
  return state.sights.length === 0 ? "unknown" : "away";
}

export function isLate({ rounds }: Pick<DashboardState, "rounds">, address: string): boolean {
  const part = rounds.at(-1)?.parts.find(({ hospital }) => hospital === address);
  return part?.late === true && part.samples === undefined;
}

export type Mark = "good" | "bad" | "late" | "none" | "working";

export interface Step {
  readonly mark: Mark;
  readonly words: string;
  /** Of work that is under way, 0 to 1. */
  readonly done?: number;
}

/** The five steps of a hospital in a round. */
export function stepsOf(part: Part, round: RoundShown, state: DashboardState): readonly Step[] {
  const isOver = round.status === "final" || round.status === "abandoned";
  const waits: Step = { mark: "none", words: isOver ? "no" : "waits" };
  const hears = state.about.self !== undefined ? 1 : state.members.filter(({ active }) => active).length;
  return [
    training(part, round, state, waits),
    committed(part, waits),
    fetched(part, hears, waits),
    part.vote === undefined ? waits : { mark: part.vote === "agreed" ? "good" : "bad", words: part.vote },
    adopted(part, round, state, waits),
  ];
}

/** Only the hospital itself tells how far its training is. */
function training(
  { hospital, training, trainedSeconds, samples }: Part,
  { status }: RoundShown,
  { about }: DashboardState,
  waits: Step,
): Step {
  if (trainedSeconds !== undefined) return { mark: "good", words: `${trainedSeconds.toFixed(1)} s` };
  if (samples !== undefined) return { mark: "good", words: "done" };
  if (training === undefined) {
    const isUntold = status === "committing" && about.self !== undefined && hospital !== about.self;
    return isUntold ? { mark: "none", words: "not told" } : waits;
  }
  const { step, steps, loss } = training;
  return { mark: "working", words: `${step} of ${steps}, loss ${loss.toFixed(3)}`, done: steps > 0 ? step / steps : 0 };
}

function committed({ samples, late }: Part, waits: Step): Step {
  if (samples !== undefined) return { mark: "good", words: `${samples} samples` };
  return late ? { mark: "late", words: "late" } : waits;
}

function fetched({ fetchedBy, invalid, contribution }: Part, hears: number, waits: Step): Step {
  if (invalid !== undefined) return { mark: "bad", words: `invalid: ${invalid}` };
  if (fetchedBy.length > 0) {
    const words = hears > 1 ? `by ${fetchedBy.length} of ${hears}` : "here";
    return { mark: "good", words };
  }
  return contribution === "included" ? { mark: "good", words: "yes" } : waits;
}

/** Only the party itself tells that it has adopted a model. */
function adopted(part: Part, round: RoundShown, { about }: DashboardState, waits: Step): Step {
  if (part.adopted) return { mark: "good", words: "adopted" };
  const isUntold = about.self !== undefined ? part.hospital !== about.self : about.endedAt !== undefined;
  return round.status === "final" && isUntold ? { mark: "none", words: "not told" } : waits;
}

export interface Contribution {
  readonly address: string;
  readonly role: MemberShown["role"];
  readonly inModels: number;
  readonly models: number;
  readonly samples: number;
  readonly meanShare?: number | undefined;
  readonly gas: number;
  readonly transactions: number;
}

/** By member, over the shown rounds. Accounts that are no members (the consortium's own) come last. */
export function contributionsOf({ rounds, members, gas }: DashboardState): readonly Contribution[] {
  const finals = rounds.filter(({ status }) => status === "final");
  const spentBy = new Map(gas.map((each) => [each.account, each]));
  return members.map(({ address, role }) => {
    const parts = finals.flatMap((round) => {
      const part = round.parts.find(({ hospital }) => hospital === address);
      return part ? [{ part, isIn: round.included.includes(address) || part.contribution === "included" }] : [];
    });
    const shares = parts.flatMap(({ part }) => (part.share === undefined ? [] : [part.share]));
    const { gas: spent = 0, transactions = 0 } = spentBy.get(address) ?? {};
    return {
      ...{ address, role },
      inModels: parts.filter(({ isIn }) => isIn).length,
      models: parts.length,
      samples: parts.reduce((sum, { part }) => sum + (part.samples ?? 0), 0),
      meanShare: shares.length > 0 ? shares.reduce((sum, each) => sum + each, 0) / shares.length : undefined,
      gas: spent,
      transactions,
    };
  });
}

export interface Deadline {
  readonly what: string;
  readonly at: number;
  readonly state: "past" | "now" | "next";
}

/** Of a round that runs; chain times in seconds. */
export function deadlinesOf(round: RoundShown): readonly Deadline[] {
  if (round.status === "final" || round.status === "abandoned" || round.commitBy === 0) return [];
  const all = [
    { what: "updates", at: round.commitBy, of: ["committing"] },
    { what: "proposal", at: round.proposeBy, of: ["sealed", "proposing"] },
    { what: "votes", at: round.attestBy, of: ["proposed"] },
  ];
  const current = all.findIndex(({ of }) => of.includes(round.status));
  return all
    .map(({ what, at }, index): Deadline => {
      return { what, at, state: index < current ? "past" : index === current ? "now" : "next" };
    })
    .filter(({ at }) => at > 0);
}
