// Colours only on a terminal. The colour library would also take CI, or any value of FORCE_COLOR, for one; it reads the
// environment when it is loaded, so this file is imported before everything else.
if (!process.stdout.isTTY) process.env["NO_COLOR"] = "1";
