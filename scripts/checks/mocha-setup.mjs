import { configureGlobal } from "fast-check";

// TensorFlow's start-up lines would drown the report of the tests.
process.env.TF_CPP_MIN_LOG_LEVEL ??= "3";
// Properties are tried with the same inputs everywhere, unless they name a seed of their own.
configureGlobal({ seed: 2026 });
