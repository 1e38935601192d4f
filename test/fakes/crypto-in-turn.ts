// WebCrypto's operations one after the other, and whether any is in flight: virtual time must not advance while one runs, and
// a run must not depend on which of two ends first.
let last: Promise<unknown> = Promise.resolve();
let inFlight = 0;

const { subtle } = globalThis.crypto;
for (const name of [
  "importKey",
  "deriveBits",
  "deriveKey",
  "sign",
  "encrypt",
  "decrypt",
  "exportKey",
  "generateKey",
] as const) {
  const original = subtle[name] as (...args: unknown[]) => Promise<unknown>;
  const inTurn = (...args: unknown[]) => {
    inFlight++;
    const done = last.then(() => Reflect.apply(original, subtle, args));
    last = done.catch(() => {}).finally(() => inFlight--);
    return done;
  };
  Object.defineProperty(subtle, name, { value: inTurn, configurable: true });
}

/** Waits until no operation is in flight. @returns whether one was */
export async function waitedForCrypto(): Promise<boolean> {
  const wasBusy = inFlight > 0;
  while (inFlight > 0) await new Promise((resolve) => setImmediate(resolve));
  return wasBusy;
}
