/**
 * How fast segments are coded on one core, beside the floors of the same run: the kernel's multiply-add on cached rows,
 * SHA-256 and AES. Rates are the best of several runs, in MB (10^6 bytes) of segment a second. `--json` prints one object a line.
 */
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { MIB } from '../src/base/units.ts'
import type { ErasureKernel } from '../src/coding/kernel/erasureKernel.ts'
import { Kernel } from '../src/coding/kernel/kernel.ts'
import { ReferenceKernel } from '../src/coding/kernel/reference.ts'
import { decodeStripe, encodeStripe, verifyFragment } from '../src/coding/stripe.ts'
import { NodePrimitives } from '../src/drivers/nodePrimitives.ts'
import type { Code, DecodeJob, EncodedStripe, IndexedFragment } from '../src/ports/coder.ts'

const CODES: readonly Code[] = [
  { needed: 32, total: 113 },
  { needed: 64, total: 193 },
]
const SEGMENT_BYTES = 16 * MIB
/** The plain twin is a hundred times slower; a smaller segment says the same. */
const PLAIN_SEGMENT_BYTES = MIB / 4
const RUNS = 7
const FLOOR_ROUNDS = 20_000

interface Measurement {
  readonly name: string
  readonly code?: string
  readonly mbPerSecond: number
}

const kernel = new Kernel()
const primitives = new NodePrimitives()
const asJson = process.argv.includes('--json')

if (!asJson) console.log(`node ${process.version}, ${String(availableParallelism())} cores, one used; MB/s of segment`)
floors()
for (const code of CODES) {
  kernelRates(code, 'WASM', kernel, SEGMENT_BYTES)
  kernelRates(code, 'plain TypeScript', new ReferenceKernel(), PLAIN_SEGMENT_BYTES)
  stripeRates(code)
}

function floors(): void {
  const segment = noise(SEGMENT_BYTES)
  const key = noise(32)
  report({ name: 'floor: multiply-add in cache', mbPerSecond: rate(multiplyAdd) })
  report({ name: 'floor: SHA-256', mbPerSecond: rate(() => (primitives.hash(segment), SEGMENT_BYTES)) })
  report({ name: 'floor: AES-256-CTR', mbPerSecond: rate(() => (primitives.cipher(key, 0, segment), SEGMENT_BYTES)) })
}

function multiplyAdd(): number {
  let bytes = 0
  for (let round = 0; round < FLOOR_ROUNDS; round++) bytes += kernel.multiplyAdd(0x53)
  return bytes
}

function kernelRates({ needed, total }: Code, label: string, codec: ErasureKernel, bytes: number): void {
  const code = `${String(needed)}/${String(total)}`
  const length = bytes / needed
  const data = Array.from({ length: needed }, () => noise(length))
  const parity = Array.from({ length: total - needed }, () => new Uint8Array(length))
  const decode = (missing: number) => () => {
    const received = indexed([...data, ...parity]).slice(missing, missing + needed)
    codec.decode(received, indexed(data.slice(0, missing)))
    return bytes
  }
  report({ name: `${label}: encode`, code, mbPerSecond: rate(() => (codec.encode(data, parity), bytes)) })
  report({ name: `${label}: decode, half of the data missing`, code, mbPerSecond: rate(decode(needed / 2)) })
  report({ name: `${label}: decode, all data missing`, code, mbPerSecond: rate(decode(needed)) })
}

function stripeRates(code: Code): void {
  const job = { plain: noise(SEGMENT_BYTES), key: noise(32), code }
  const stripe = encodeStripe(kernel, primitives, job)
  const label = `${String(code.needed)}/${String(code.total)}`
  const encode = () => (encodeStripe(kernel, primitives, job), SEGMENT_BYTES)
  const decode = (missing: number) => () => (decodeStripe(kernel, primitives, jobOf(stripe, missing)), SEGMENT_BYTES)
  report({ name: 'stripe: encipher, encode, hash, prove', code: label, mbPerSecond: rate(encode) })
  report({ name: 'stripe: verify and join, none missing', code: label, mbPerSecond: rate(decode(0)) })
  report({ name: 'stripe: verify and decode, half missing', code: label, mbPerSecond: rate(decode(code.needed / 2)) })
}

/** What a reader does who lacks the first `missing` data fragments: verifies as many as are needed. */
function jobOf({ id, header, fragments, proofs }: EncodedStripe, missing: number): DecodeJob {
  const chosen = indexed(fragments).slice(missing, missing + header.needed)
  let dataRoot = new Uint8Array(0)
  for (const { index, data } of chosen) {
    const proof = proofs[index] ?? new Uint8Array(0)
    const verified = verifyFragment(primitives, id, { header, index, data, proof })
    if (verified.ok) dataRoot = verified.value.dataRoot
  }
  return { header, fragments: chosen, dataRoot }
}

function indexed(rows: readonly Uint8Array[]): IndexedFragment[] {
  return rows.map((data, index) => ({ index, data }))
}

function noise(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(randomBytes(length))
}

/** MB a second of the best run; `run` returns the bytes it has done. */
function rate(run: () => number): number {
  let best = 0
  for (let i = 0; i < RUNS; i++) {
    const startMs = performance.now()
    const bytes = run()
    best = Math.max(best, bytes / (performance.now() - startMs) / 1000)
  }
  return best
}

function report(measurement: Measurement): void {
  const { name, code = '', mbPerSecond } = measurement
  const printed = mbPerSecond >= 100 ? mbPerSecond.toFixed(0) : mbPerSecond.toFixed(1)
  if (asJson) console.log(JSON.stringify({ bench: 'kernel', ...measurement, mbPerSecond: Number(printed) }))
  else console.log(`${code.padEnd(8)}${name.padEnd(50)}${printed.padStart(8)}`)
}
