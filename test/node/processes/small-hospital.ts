// A process that trains in its own trainer process, as a hospital does, and prints each step and the result's digest.
//   node small-hospital.ts FOLDER
import { sha256 } from "../../../foundation/sha256.ts";
import { openSmallTrainer, request } from "../small-training.ts";

const { learner, trainer } = openSmallTrainer(process.argv[2]!);
const { weights } = await learner.train(request, { onProgress: ({ step }) => console.log(JSON.stringify({ step })) });
console.log(JSON.stringify({ digest: Buffer.from(sha256(weights)).toString("hex") }));
await trainer.close();
