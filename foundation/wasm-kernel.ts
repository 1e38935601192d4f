// WebAssembly kernels: loops with vector instructions, which JavaScript does not have. Each is a .wat file beside the code
// that uses it, assembled into a module of base64 text (scripts/checks/assemble-kernels.ts; a test compares the two).

/** The part of the WebAssembly API that is used here; TypeScript declares it for browsers only. */
// biome-ignore lint/style/useNamingConvention: the platform's name
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

/** Memory of kernels: what they read and write lies in its buffer, and their parameters are offsets into it. */
export type KernelMemory = InstanceType<typeof WebAssembly.Memory>;
/** Returns a number where its text says so. */
export type Kernel = (...parameters: number[]) => number | undefined;
export type Kernels<Name extends string> = Readonly<Record<Name, Kernel>>;

export const pageBytes = 2 ** 16;

/** At least so many bytes, all 0. */
export function createKernelMemory(bytes: number): KernelMemory {
  return new WebAssembly.Memory({ initial: Math.max(1, Math.ceil(bytes / pageBytes)) });
}

/**
 * @param base64 a module that imports its memory and exports the named functions
 * @returns its functions over a given memory; compiled once
 */
export function loadKernels<Name extends string>(base64: string): (memory: KernelMemory) => Kernels<Name> {
  let module: object | undefined;
  return (memory) => {
    module ??= new WebAssembly.Module(Buffer.from(base64, "base64"));
    return new WebAssembly.Instance(module, { env: { memory } }).exports as Kernels<Name>;
  };
}
