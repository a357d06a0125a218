/**
 * The erasure kernel in WASM: copies strips of the fragments into its memory, which is small and of fixed size, and what
 * it computes out again. One instance serves one caller at a time, and calls are synchronous; the compiled module is shared.
 */
import { assert, present } from '../../base/assert.ts'
import type { Bytes } from '../../base/bytes.ts'
import type { IndexedFragment } from '../../ports/coder.ts'
import { assertDecodable, assertEncodable, type ErasureKernel } from './erasureKernel.ts'
import { interpolation, nibbleTables, POINTS } from './field.ts'
import {
  COEFFICIENTS_AT,
  INPUT_AT,
  OUTPUT_AT,
  POINTS_AT,
  ROW_COUNT,
  ROW_STRIDE,
  STRIP_BYTES,
  TABLES_AT,
} from './layout.ts'
import { KERNEL_WASM } from './wasm.ts'

/** What assembly/index.ts exports; described there. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  inverse(size: number, bytes: number): void
  forward(size: number, offset: number, count: number, bytes: number): void
  combine(inputs: number, outputs: number, bytes: number): void
  multiplyAdd(constant: number, bytes: number): void
}

let compiled: WebAssembly.Module | undefined

export class Kernel implements ErasureKernel {
  private readonly wasm: Exports
  private readonly memory: Bytes

  constructor() {
    compiled ??= new WebAssembly.Module(fromBase64(KERNEL_WASM))
    this.wasm = new WebAssembly.Instance(compiled).exports as unknown as Exports
    this.memory = new Uint8Array(this.wasm.memory.buffer)
    assert(this.memory.length >= OUTPUT_AT + ROW_COUNT * ROW_STRIDE, 'the kernel was built with its layout')
    this.memory.set(nibbleTables(), TABLES_AT)
    this.memory.set(POINTS, POINTS_AT)
  }

  encode(data: readonly Uint8Array[], parity: readonly Uint8Array[]): void {
    assertEncodable(data, parity)
    if (data.length === 1) replicate(data, parity)
    else this.transform(data, parity)
  }

  decode(received: readonly IndexedFragment[], wanted: readonly IndexedFragment[]): void {
    assertDecodable(received, wanted)
    for (let from = 0; from < wanted.length; from += ROW_COUNT) {
      this.combineInto(received, wanted.slice(from, from + ROW_COUNT))
    }
  }

  /** One multiplication by `constant` and addition over a strip in cache; the benchmark's floor. Returns the bytes done. */
  multiplyAdd(constant: number): number {
    this.wasm.multiplyAdd(constant, STRIP_BYTES)
    return STRIP_BYTES
  }

  private transform(data: readonly Uint8Array[], parity: readonly Uint8Array[]): void {
    const size = data.length
    for (const strip of strips(data)) {
      this.load(data, strip)
      this.wasm.inverse(size, strip.padded)
      for (let from = 0; from < parity.length; from += size) {
        const count = Math.min(size, parity.length - from)
        this.wasm.forward(size, size + from, count, strip.padded)
        this.unload(parity, from, count, strip)
      }
    }
  }

  private combineInto(received: readonly IndexedFragment[], wanted: readonly IndexedFragment[]): void {
    const indices = received.map(({ index }) => index)
    const inputs = received.map(({ data }) => data)
    const outputs = wanted.map(({ data }) => data)
    for (const [i, { index }] of wanted.entries()) {
      this.memory.set(interpolation(indices, index), COEFFICIENTS_AT + i * indices.length)
    }
    for (const strip of strips(inputs)) {
      this.load(inputs, strip)
      this.wasm.combine(inputs.length, outputs.length, strip.padded)
      this.unload(outputs, 0, outputs.length, strip)
    }
  }

  private load(rows: readonly Uint8Array[], { start, end }: Strip): void {
    let at = INPUT_AT
    for (const row of rows) {
      this.memory.set(row.subarray(start, end), at)
      at += ROW_STRIDE
    }
  }

  /** Output rows 0 .. count - 1 into `rows` from `first` on. */
  private unload(rows: readonly Uint8Array[], first: number, count: number, { start, end }: Strip): void {
    for (let i = 0; i < count; i++) {
      const at = OUTPUT_AT + i * ROW_STRIDE
      present(rows[first + i], 'a row for each output').set(this.memory.subarray(at, at + end - start), start)
    }
  }
}

/** A polynomial of degree 0 has one value at every point. */
function replicate(data: readonly Uint8Array[], parity: readonly Uint8Array[]): void {
  for (const row of parity) for (const only of data) row.set(only)
}

function fromBase64(text: string): Bytes {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
}

/** Bytes start .. end - 1 of every fragment, and how many the kernel computes: what lies beyond `end` is never read back. */
interface Strip {
  readonly start: number
  readonly end: number
  readonly padded: number
}

function strips(rows: readonly Uint8Array[]): Strip[] {
  const length = present(rows[0], 'a stripe has fragments').length
  return Array.from({ length: Math.ceil(length / STRIP_BYTES) }, (_, strip) => {
    const start = strip * STRIP_BYTES
    const end = Math.min(length, start + STRIP_BYTES)
    return { start, end, padded: Math.ceil((end - start) / 32) * 32 }
  })
}
