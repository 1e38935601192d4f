// A hospital's input to a sum with differential privacy: the integers of the patients whose coin says so, each clipped alone.
// What one patient changes is bounded in integers, whatever floating point did before.
import { FedError } from "../../foundation/errors.ts";
import type { PatientPrivacy } from "../format/privacy-spec.ts";
import { powerOfTwo } from "../update/power-of-two.ts";
import { contextText, type PrivateContext } from "./context.ts";
import { KeyStream } from "./key-stream.ts";

/** The hospital's secret of a round, and the round that its coins are of. */
export interface SecretCoins {
  /** 32 bytes of the operating system's generator, of no other use. */
  readonly secret: Uint8Array;
  /** What they are bound to: in another round the same secret gives other coins. */
  readonly context: PrivateContext;
}

/** Whether each patient is in the step: a Poisson sample, one coin a patient, whatever scans it has. */
export function sampledPatients<Patient>(
  patients: readonly Patient[],
  { samplingRate }: Pick<PatientPrivacy, "samplingRate">,
  { secret, context }: SecretCoins,
): Patient[] {
  const coins = KeyStream.ofSecret(secret, contextText("patients", context));
  const below = Math.floor(samplingRate * 2 ** 32);
  return patients.filter(() => coins.uint32() < below);
}

/** Adds up patients' parts. */
export class PatientSum {
  readonly #sum: Int32Array;
  readonly #part: Int32Array;
  readonly #scales: Float64Array;
  readonly #settings: Pick<PatientPrivacy, "clipNorm" | "integerNorm"> & { readonly largest: number };
  readonly #coins: KeyStream;

  /**
   * @param exponents of each coordinate: its value is its integer times 2^exponent
   * @param settings.largest magnitude at which a coordinate of the sum saturates, which moves no two sums further apart
   */
  constructor(
    exponents: Int8Array,
    settings: Pick<PatientPrivacy, "clipNorm" | "integerNorm"> & { readonly largest: number },
    { secret, context }: SecretCoins,
  ) {
    this.#sum = new Int32Array(exponents.length);
    this.#part = new Int32Array(exponents.length);
    this.#scales = Float64Array.from(exponents, (exponent) => powerOfTwo(-exponent));
    this.#settings = settings;
    this.#coins = KeyStream.ofSecret(secret, contextText("patient-rounding", context));
  }

  /**
   * Adds a patient's change of the weights, clipped to the clip norm and rounded by secret coins. The integers' norm is at most
   * `integerNorm`: rounding that lengthens them beyond is done again, and the last time towards zero.
   * @throws UPDATE_NOT_FINITE
   */
  add(values: Float64Array): { readonly norm: number; readonly clipped: boolean } {
    const { clipNorm, integerNorm } = this.#settings;
    let squared = 0;
    for (const value of values) squared += value * value;
    const norm = Math.sqrt(squared);
    if (!Number.isFinite(norm) || values.length !== this.#sum.length) {
      throw new FedError("UPDATE_NOT_FINITE", { norm, coordinates: values.length });
    }
    const clipped = norm > clipNorm;
    let scale = clipped ? clipNorm / norm : 1;
    for (const isRandom of [true, true, true, false]) {
      const squares = this.#round(values, scale, isRandom);
      if (squares <= integerNorm * integerNorm) {
        for (let index = 0; index < this.#sum.length; index++)
          this.#sum[index] = this.#sum[index]! + this.#part[index]!;
        break;
      }
      scale *= 0.99 * (integerNorm / Math.sqrt(squares));
    }
    return { norm, clipped };
  }

  /** The sum, each coordinate at most `largest` in magnitude. */
  integers(): Int32Array {
    const { largest } = this.#settings;
    return this.#sum.map((value) => Math.min(largest, Math.max(-largest, value)));
  }

  /** @returns the squared norm of the rounded part, exact */
  #round(values: Float64Array, scale: number, isRandom: boolean): number {
    const [part, scales, coins] = [this.#part, this.#scales, this.#coins];
    let squares = 0;
    for (let index = 0; index < part.length; index++) {
      const value = values[index]! * scale * scales[index]!;
      const rounded = isRandom ? Math.floor(value + coins.uint32() * 2 ** -32) : Math.trunc(value);
      part[index] = rounded;
      squares += rounded * rounded;
    }
    return squares;
  }
}
