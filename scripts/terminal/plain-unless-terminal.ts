// Colours only on a terminal. The colour library would also use them in CI, or with any value of FORCE_COLOR; it reads the
// environment when it is loaded, so this file must be imported before all others.
if (!process.stdout.isTTY) process.env["NO_COLOR"] = "1";
