// Mocha's spec reporter, which also writes the three counts, which tests failed, and which passed only when
// run again, to the file named by --reporter-option output=FILE.
const { writeFileSync } = require("node:fs");
const { reporters, Runner } = require("mocha");

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const { output } = options.reporterOptions ?? options.reporterOption ?? {};
    const retried = [];
    runner.on(Runner.constants.EVENT_TEST_RETRY, (test, error) => retried.push(named(test, error)));
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, pending } = this.stats;
      const failures = this.failures.map((test) => named(test, test.err));
      const counts = { passed: passes, failed: this.stats.failures, skipped: pending };
      if (output) writeFileSync(output, JSON.stringify({ ...counts, failures, retried }));
    });
  }
};

function named(test, error) {
  return `${test.fullTitle()}: ${error?.message ?? "failed"}`;
}
