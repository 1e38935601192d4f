// All commands, with the line that `consilium --help` prints about each. A command's file is loaded when it is called.
import type { CommandList } from "./listed-command.ts";

export const commands: CommandList = {
  simulate: {
    summary: "run a federation on this machine, from DICOM files to an audit",
    load: async () => (await import("./simulate.ts")).simulateCommand,
    needs: ["tensorflow", "hardhat"],
  },
  runs: {
    summary: "list past simulations, and open one in the browser",
    load: async () => (await import("./runs.ts")).runsCommand,
  },
  plan: {
    summary: "write, check and name the plan and first model of a federation",
    load: async () => (await import("./plan.ts")).planCommand,
  },
  privacy: {
    summary: "say what privacy costs: epsilon, and AUC",
    load: async () => (await import("./privacy.ts")).privacyCommand,
  },
  init: {
    summary: "write a configuration from a few answers",
    load: async () => (await import("./init.ts")).initCommand,
  },
  join: {
    summary: "accept an invitation to a federation",
    load: async () => (await import("./join.ts")).joinCommand,
  },
  node: { summary: "run a hospital", load: async () => (await import("./node.ts")).nodeCommand, needs: ["tensorflow"] },
  aggregator: { summary: "run an aggregator", load: async () => (await import("./aggregator.ts")).aggregatorCommand },
  doctor: {
    summary: "try all that a node needs before it is run",
    load: async () => (await import("./doctor.ts")).doctorCommand,
  },
  import: {
    summary: "import a hospital's CT archive",
    load: async () => (await import("./import.ts")).importCommand,
  },
  pacs: {
    summary: "try a hospital's image server before importing from it",
    load: async () => (await import("./pacs.ts")).pacsCommand,
  },
  view: { summary: "draw a CT series as pictures", load: async () => (await import("./view.ts")).viewCommand },
  predict: {
    summary: "score patients with a model",
    load: async () => (await import("./predict.ts")).predictCommand,
    needs: ["tensorflow"],
  },
  keys: {
    summary: "create and show a party's keys",
    load: async () => (await import("./keys.ts")).keysCommand,
  },
  deploy: {
    summary: "found a federation on a chain",
    load: async () => (await import("./deploy.ts")).deployCommand,
  },
  members: {
    summary: "list, admit and revoke members, rotate a key, vote",
    load: async () => (await import("./members.ts")).membersCommand,
  },
  terms: {
    summary: "show and change the rules of the rounds",
    load: async () => (await import("./terms.ts")).termsCommand,
  },
  backup: {
    summary: "save a party's own data in one encrypted file",
    load: async () => (await import("./backup.ts")).backupCommand,
  },
  restore: {
    summary: "restore a party from a backup",
    load: async () => (await import("./restore.ts")).restoreCommand,
  },
  audit: {
    summary: "derive every model of a federation again",
    load: async () => (await import("./audit.ts")).auditCommand,
  },
  model: {
    summary: "take a model out of a federation",
    load: async () => (await import("./model.ts")).modelCommand,
  },
  reproduce: {
    summary: "train a hospital's update again, inside the hospital",
    load: async () => (await import("./reproduce.ts")).reproduceCommand,
    needs: ["tensorflow"],
  },
  status: {
    summary: "show a federation's rounds, members and rules",
    load: async () => (await import("./status.ts")).statusCommand,
  },
  baselines: {
    summary: "compare networks on the same scans",
    load: async () => (await import("./baselines.ts")).baselinesCommand,
    needs: ["tensorflow"],
  },
  "cross-validate": {
    summary: "cross-validate on one hospital's data",
    load: async () => (await import("./cross-validate.ts")).crossValidateCommand,
    needs: ["tensorflow"],
  },
  segment: {
    summary: "train and score a segmentation network",
    load: async () => (await import("./segment.ts")).segmentCommand,
    needs: ["tensorflow"],
  },
  strategies: {
    summary: "compare aggregation rules under attack",
    load: async () => (await import("./strategies.ts")).strategiesCommand,
  },
  skew: {
    summary: "compare strategies at hospitals of unlike labels",
    load: async () => (await import("./skew.ts")).skewCommand,
    needs: ["tensorflow"],
  },
  fetch: {
    summary: "fetch what training and simulations need",
    load: async () => (await import("./fetch.ts")).fetchCommand,
  },
  completion: {
    summary: "let the shell complete commands and options",
    load: async () => (await import("./completion.ts")).completionCommand,
  },
  synthesise: {
    summary: "write a synthetic archive of chest CT",
    load: async () => (await import("./synthesise.ts")).synthesiseCommand,
  },
};
