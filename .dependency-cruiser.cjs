// The house's import rules (docs/architecture.md), enforced: a room sees only what it is allowed to see.
const room = (from, allowed, comment) => ({
  name: `${from}-imports`,
  comment,
  severity: "error",
  from: { path: `^${from}/` },
  to: { path: "^(foundation|protocol|imaging|model|io|party|node|aggregator|dashboard|contracts|auditor|library|examples|study|scripts|bench|test)/", pathNot: `^(${allowed.join("|")})(/|$)` },
});
const npm = (from, packages) => ({
  name: `${from.replaceAll("/", "-")}-packages`,
  comment: `${from} uses only ${packages.join(", ") || "no package"}`,
  severity: "error",
  from: { path: `^${from}/` },
  to: { path: "node_modules/", pathNot: `node_modules/(@types/node|${packages.join("|")})(/|$)` },
});

module.exports = {
  forbidden: [
    room("foundation", ["foundation"], "foundation is the ground floor: it knows no other room"),
    room("protocol", ["protocol", "foundation"], "protocol is pure: it knows only the foundation"),
    room("imaging", ["imaging", "protocol", "foundation"], "imaging knows only protocol, foundation, its decoders and the database of an import"),
    room("model", ["model", "protocol", "foundation"], "model knows only protocol, foundation and TensorFlow"),
    ...["chain", "clock", "p2p", "store", "telemetry"].map((io) => room(`io/${io}`, [`io/${io}`, "protocol", "foundation"], "one outside system never knows another")),
    room("io/pacs", ["io/pacs", "imaging/source/image-server.ts", "protocol", "foundation"], "an image server knows the port of an import, and nothing else of imaging"),
    room("party", ["party", "protocol", "foundation", "io"], "the runtime of any party: it wires io, and knows neither role"),
    {
      name: "node-steps", severity: "error", comment: "only the composition root and the trainer process wire io, imaging and model",
      from: { path: "^node/", pathNot: "^node/(hospital-node|trainer-process)\\.ts$" },
      to: { path: "^((imaging|model|io|aggregator|study|scripts)/|party/open-party)" },
    },
    {
      name: "node-root", severity: "error", comment: "a hospital never imports the aggregator",
      from: { path: "^node/" }, to: { path: "^(aggregator|study|scripts|test|bench)/" },
    },
    {
      name: "aggregator-steps", severity: "error", comment: "only the composition root wires io",
      from: { path: "^aggregator/", pathNot: "^aggregator/aggregator\\.ts$" }, to: { path: "^(io/|party/open-party)" },
    },
    {
      name: "aggregator-blind", severity: "error", comment: "the aggregator can neither run a model nor see an image",
      from: { path: "^aggregator/" }, to: { path: "^(imaging|model|node|study|scripts|test|bench)/" },
    },
    room("auditor", ["auditor", "party", "protocol", "foundation", "io"], "the auditor's composition root: it wires io, and can see no image and no model's training"),
    room("dashboard", ["dashboard", "protocol", "foundation"], "the page and its server: they are told what to show, and open nothing"),
    {
      name: "page-alone", severity: "error", comment: "what a browser runs takes types alone from outside its folder",
      from: { path: "^dashboard/page/" }, to: { pathNot: "^(dashboard/page/|dashboard/state/|node_modules/uplot/)" },
    },
    {
      name: "page-types-only", severity: "error", comment: "a browser gets no file of the state's folder",
      from: { path: "^dashboard/page/" }, to: { path: "^dashboard/state/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "dashboard-only-by-leaves", severity: "error", comment: "no party knows its page: commands wire both",
      from: { pathNot: "^(dashboard|scripts|test|bench)/" }, to: { path: "^dashboard/" },
    },
    {
      name: "auditor-only-by-leaves", severity: "error", comment: "parties do not audit",
      from: { pathNot: "^(auditor|library|scripts|test|bench)/" }, to: { path: "^auditor/" },
    },
    {
      name: "entries-only-export", severity: "error", comment: "the public entries are for other programs: nothing here imports them",
      from: { pathNot: "^(examples|test)/" }, to: { path: "^library/" },
    },
    {
      name: "study-imports", severity: "error", comment: "nothing of the product imports an experiment; commands may run one",
      from: { pathNot: "^(study|scripts|test|bench)/" }, to: { path: "^study/" },
    },
    {
      name: "nothing-imports-scripts-or-test", severity: "error", comment: "scripts, test and bench are the leaves",
      from: { pathNot: "^(scripts|test|bench)/" }, to: { path: "^(scripts|test|bench|examples)/" },
    },
    npm("foundation", []),
    npm("protocol", ["zod", "@noble/hashes", "@noble/curves", "@hpke/core", "@hpke/common", "@hpke/hybridkem-x-wing", "canonicalize"]),
    npm("dashboard", ["zod", "uplot"]),
    npm("node", ["zod"]),
    npm("aggregator", ["zod"]),
    { name: "no-circular", severity: "error", comment: "no cycles, type-only ones included", from: {}, to: { circular: true } },
    {
      name: "no-orphans", severity: "error", comment: "every file is used",
      from: { orphan: true, pathNot: ["\\.d\\.ts$", "\\.config\\.", "^\\.", "^test/", "^bench/", "^scripts/", "^library/", "^examples/", "(trainer|dimse)-process\\.ts$", "^dashboard/page/main\\.ts$", "worker\\.ts$"] }, to: {},
    },
    { name: "not-to-unresolvable", severity: "error", comment: "a checkout has no build", from: {}, to: { couldNotResolve: true, pathNot: "(^|/)build/" } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(artifacts|build|cache|coverage|types|runs)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["consilium-source", "import", "node", "default", "types"], mainFields: ["module", "main", "types"] },
  },
};
