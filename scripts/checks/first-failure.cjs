// Names the first test that fails and ends the process: what would run after it says nothing more about a fault.
const { writeSync } = require("node:fs");
const { reporters, Runner } = require("mocha");

module.exports = class FirstFailure extends reporters.Base {
  constructor(runner, options) {
    super(runner, options);
    runner.on(Runner.constants.EVENT_TEST_FAIL, (test, error) => {
      writeSync(1, `failed: ${test.fullTitle()}: ${String(error?.message).split("\n")[0]}\n`);
      process.exit(1);
    });
  }
};
