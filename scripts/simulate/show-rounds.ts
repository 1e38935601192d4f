// How the rounds go, for people who watch: a bar for each hospital, or one for all where there are too many to look at.
import type { Plan } from "../../protocol/format/plan.ts";
import type { Identity } from "./identities.ts";
import type { SimulationEvent } from "./round-clock.ts";
import { done, type Screen } from "./screen.ts";

/** Bars that fit a terminal. */
const mostBars = 16;

export function showRounds(
  screen: Screen,
  plan: Plan,
  hospitals: readonly Identity[],
): (event: SimulationEvent) => void {
  const nameOf = new Map(hospitals.map(({ address, name }) => [address, name]));
  const together = hospitals.length > mostBars ? { round: 0, trained: 0 } : undefined;
  return (event) => {
    if (event.event === "final") {
      screen.say(done(`round ${event.round}`, `final, model ${event.model.slice(0, 14)}…`));
    }
    if (!("hospital" in event)) return;
    const name = nameOf.get(event.hospital) ?? event.hospital;
    if (event.event === "training" && !together) {
      const { round, step, steps, loss } = event;
      screen.bar(name).update(step, steps, `round ${round}/${plan.rounds}, loss ${loss.toFixed(3)}`);
    }
    if (event.event === "trained" && together) {
      const { round } = event;
      together.trained = together.round === round ? together.trained + 1 : 1;
      together.round = round;
      screen.bar("hospitals trained").update(together.trained, hospitals.length, `round ${round}/${plan.rounds}`);
    }
    if (event.event === "refused") screen.say(`${name} refused a proposal: ${event.code}`);
    if (event.event === "invalid-update")
      screen.say(`${name} found the update of ${event.member} invalid: ${event.code}`);
  };
}
