// Mocha's spec reporter, which also writes the three counts, and which tests failed, to the file named by --reporter-option output=FILE.
const { writeFileSync } = require("node:fs");
const { reporters, Runner } = require("mocha");

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const { output } = options.reporterOptions ?? options.reporterOption ?? {};
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, pending } = this.stats;
      const failures = this.failures.map((test) => `${test.fullTitle()}: ${test.err?.message ?? "failed"}`);
      const counts = { passed: passes, failed: this.stats.failures, skipped: pending };
      if (output) writeFileSync(output, JSON.stringify({ ...counts, failures }));
    });
  }
};
