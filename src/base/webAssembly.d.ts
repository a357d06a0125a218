/** WebAssembly as narrowly as the core uses it. Node has it and its types do not declare it, so every tsconfig reads this file. */

declare namespace WebAssembly {
  class Memory {
    readonly buffer: ArrayBuffer
    grow(pages: number): number
  }
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>)
  }
  class Instance {
    readonly exports: Record<string, unknown>
    constructor(module: Module, imports?: Record<string, Record<string, unknown>>)
  }
}
