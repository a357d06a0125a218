/** What every Coder must do, wherever it computes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Bytes } from '../../base/bytes.ts'
import { isFailure } from '../../base/failure.ts'
import { KIB, MIB } from '../../base/units.ts'
import { verifyFragment } from '../../coding/stripe.ts'
import type { Code, Coder, DecodeJob, EncodedStripe } from '../../ports/coder.ts'
import type { Primitives } from '../../ports/primitives.ts'

export interface CoderRig {
  readonly coder: Coder
  readonly primitives: Primitives
  dispose(): Promise<void>
}

const CASES: readonly { readonly bytes: number; readonly code: Code }[] = [
  { bytes: 0, code: { needed: 1, total: 20 } },
  { bytes: 4 * KIB, code: { needed: 1, total: 20 } },
  { bytes: 4 * KIB + 1, code: { needed: 2, total: 25 } },
  { bytes: 100 * KIB + 7, code: { needed: 16, total: 70 } },
  { bytes: 2 * MIB + 3, code: { needed: 64, total: 193 } },
]

export function coderSuite(name: string, setup: () => Promise<CoderRig>): void {
  const check = (behaviour: string, body: (rig: CoderRig) => Promise<void>): void => {
    void test(`${name}: ${behaviour}`, async () => {
      const rig = await setup()
      try {
        await body(rig)
      } finally {
        await rig.dispose()
      }
    })
  }

  for (const { bytes, code } of CASES) {
    const what = `${String(bytes)} bytes as ${String(code.needed)} of ${String(code.total)}`
    check(`the last fragments give back ${what}, deciphered by the key`, async ({ coder, primitives }) => {
      const stripe = await coder.encode({ plain: sample(bytes), key: KEY, code })
      assert.deepEqual([stripe.fragments.length, stripe.proofs.length], [code.total, code.total])
      const enciphered = await coder.decode(decodeJob(primitives, stripe, lastIndices(code)))
      assert.ok(Buffer.compare(primitives.cipher(KEY, 0, enciphered), sample(bytes)) === 0)
    })
  }

  check('a stripe is the same whoever encodes it, and again when rebuilt from any fragments', async (rig) => {
    const code = { needed: 16, total: 70 }
    const first = await rig.coder.encode({ plain: sample(100 * KIB), key: KEY, code })
    const second = await rig.coder.encode({ plain: sample(100 * KIB), key: KEY, code })
    assert.deepEqual(second, first)
    assert.deepEqual(await rig.coder.rebuild(decodeJob(rig.primitives, first, lastIndices(code))), first)
  })

  check('many jobs at once each get their own result', async ({ coder, primitives }) => {
    const code = { needed: 4, total: 33 }
    const sizes = Array.from({ length: 24 }, (_, at) => 10 * KIB * (at + 1))
    const stripes = await Promise.all(sizes.map((size) => coder.encode({ plain: sample(size), key: KEY, code })))
    const jobs = stripes.map((stripe) => decodeJob(primitives, stripe, lastIndices(code)))
    const segments = await Promise.all(jobs.map((job) => coder.decode(job)))
    assert.deepEqual(
      segments.map((segment) => segment.length),
      sizes,
    )
    for (const [at, segment] of segments.entries()) {
      assert.ok(Buffer.compare(primitives.cipher(KEY, 0, segment), sample(sizes[at] ?? -1)) === 0)
    }
  })

  check('what is decoded stays the caller’s: its fragments are not taken away', async ({ coder, primitives }) => {
    const code = { needed: 4, total: 33 }
    const stripe = await coder.encode({ plain: sample(200 * KIB), key: KEY, code })
    const job = decodeJob(primitives, stripe, lastIndices(code))
    const first = await coder.decode(job)
    assert.ok(Buffer.compare(await coder.decode(job), first) === 0)
  })

  for (const bytes of [8 * KIB, 200 * KIB]) {
    check(`a dishonest encoder's ${String(bytes)} bytes are damaged, and nothing else is afterwards`, async (rig) => {
      const { coder, primitives } = rig
      const code = { needed: 4, total: 33 }
      const stripe = await coder.encode({ plain: sample(bytes), key: KEY, code })
      const job = decodeJob(primitives, stripe, lastIndices(code))
      const forged = { ...job, dataRoot: new Uint8Array(32) }
      await assert.rejects(coder.decode(forged), (error) => isFailure(error, 'damaged'))
      await assert.rejects(coder.rebuild(forged), (error) => isFailure(error, 'damaged'))
      assert.equal((await coder.decode(job)).length, bytes)
    })
  }
}

const KEY: Bytes = new Uint8Array(32).fill(3)

/** A fresh array each time, since encoding takes it. */
function sample(bytes: number): Bytes {
  return Uint8Array.from({ length: bytes }, (_, at) => (at * 131 + (at >>> 7)) & 0xff)
}

/** As many as are needed, from the end: parity wherever there is enough of it. */
function lastIndices({ needed, total }: Code): readonly number[] {
  return Array.from({ length: needed }, (_, at) => total - needed + at)
}

function decodeJob(primitives: Primitives, stripe: EncodedStripe, indices: readonly number[]): DecodeJob {
  let dataRoot: Bytes | undefined
  const fragments = indices.map((index) => {
    const [data, proof] = [stripe.fragments[index], stripe.proofs[index]]
    assert.ok(data !== undefined && proof !== undefined)
    const verified = verifyFragment(primitives, stripe.id, { header: stripe.header, index, data, proof })
    assert.ok(verified.ok)
    dataRoot = verified.value.dataRoot
    return { index, data }
  })
  assert.ok(dataRoot !== undefined)
  return { header: stripe.header, fragments, dataRoot }
}
