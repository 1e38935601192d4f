// A hospital's process with fake scans and real training; it writes a checkpoint after every step.
//   node training-hospital.ts CONFIG
import { parseHospitalConfig } from "../../../node/config.ts";
import { runHospitalNode } from "../../../node/hospital-node.ts";
import { openTrainerProcess } from "../../../node/learner-process.ts";
import { runPartyCommand } from "../../../scripts/party/run-command.ts";

const entry = new URL("../../node/processes/small-trainer.ts", import.meta.url);

await runPartyCommand(process.argv[2]!, { logLevel: "info" }, parseHospitalConfig, async (config, party) => {
  const trainer = openTrainerProcess({ entry, log: party.log });
  const kept = { checkpoint: { file: `${config.store}/training.checkpoint`, everyMs: 0 } };
  const learner = (place: Parameters<typeof trainer.learner>[0]) => trainer.learner({ ...place, ...kept });
  try {
    await runHospitalNode(config, { ...party, software: "test", trainer: { learner } });
  } finally {
    await trainer.close();
  }
});
