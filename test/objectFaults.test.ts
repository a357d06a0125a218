/** Faults at every moment: what was acknowledged stays readable, what was not promised may be gone, and nothing is ever different. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Bytes } from '../src/base/bytes.ts'
import { Failure, isFailure } from '../src/base/failure.ts'
import { KIB, MIB, SECOND } from '../src/base/units.ts'
import { InlineCoder } from '../src/coding/inlineCoder.ts'
import { leafHash, MerkleTree } from '../src/coding/merkle.ts'
import { stripeId } from '../src/coding/stripe.ts'
import { NodePrimitives } from '../src/drivers/nodePrimitives.ts'
import type { Coder, EncodedStripe, EncodeJob } from '../src/ports/coder.ts'
import { failing, forEveryCall } from '../src/sim/faults.ts'
import { withSeeds } from '../src/sim/seeds.ts'
import { alteredPort } from '../src/testing/alteredPort.ts'
import { sameBytes } from '../src/testing/sameBytes.ts'
import { StorageWorld } from '../src/testing/storageWorld.ts'

const SMALL_WORLD = 6

/** The outcome of a put; its failure must be one of the world's. */
async function putOutcome(storage: StorageWorld, content: Bytes): Promise<'acknowledged' | 'failed'> {
  const outcome = await storage.put(0, content).then(
    ({ capability }) => ({ capability }),
    (error: unknown) => {
      assert.ok(isFailure(error), String(error))
      return undefined
    },
  )
  if (outcome === undefined) return 'failed'
  sameBytes(await storage.read(1, outcome.capability), content)
  return 'acknowledged'
}

for (const when of ['before', 'after'] as const) {
  test(`a put whose n-th write to any disk fails ${when} it was done is readable if it is acknowledged, for every n`, async () => {
    const failure = new Failure('storage', 'the disk has an error')
    const outcomes: string[] = []
    const callCount = await forEveryCall({ failure, when }, async (fault) => {
      let isArmed = false
      const storage = await StorageWorld.start({
        seed: 1,
        nodes: SMALL_WORLD,
        alter: ({ fragments }) => {
          const faulty = failing(fragments, ['put'], fault)
          return {
            fragments: alteredPort(fragments, { put: (...args) => (isArmed ? faulty : fragments).put(...args) }),
          }
        },
      })
      isArmed = true
      outcomes.push(await putOutcome(storage, storage.content(5_000)))
    })
    assert.ok(callCount >= 2 * SMALL_WORLD, `${callCount} writes`)
    assert.ok(outcomes.every((outcome) => outcome === 'acknowledged'))
  })
}

test('a put during whose n-th write the holder crashes is readable if it is acknowledged, for every n', async () => {
  let callCount = 0
  for (let nth = 1; nth <= callCount || nth === 1; nth++) {
    let calls = 0
    let isArmed = false
    let crashed: number | undefined
    const storage: StorageWorld = await StorageWorld.start({
      seed: 2,
      nodes: SMALL_WORLD,
      disk: { syncMs: 3 },
      alter: ({ fragments }, node) => ({
        fragments: alteredPort(fragments, {
          put: (...args) => {
            const written = fragments.put(...args)
            if (isArmed && ++calls === nth && node !== 0) {
              crashed = node
              storage.world.crash(node)
            }
            return written
          },
        }),
      }),
    })
    isArmed = true
    const content = storage.content(5_000)
    const put = await storage.put(0, content)
    isArmed = false
    sameBytes(await storage.read(crashed === 1 ? 2 : 1, put.capability), content)
    if (crashed !== undefined) {
      storage.world.restart(crashed, { disk: 'kept' })
      await storage.run(10 * SECOND)
      sameBytes(await storage.read(crashed, put.capability), content)
    }
    callCount = Math.max(callCount, calls)
  }
  assert.ok(callCount >= 2 * SMALL_WORLD, `${callCount} writes`)
})

test('nodes that crash and come back with their disks at random moments keep all that they acknowledged', async () => {
  await withSeeds('crash-and-restart', { file: import.meta.filename, freshCount: 2 }, async (seed) => {
    const storage = await StorageWorld.start({ seed, nodes: 12, disk: { syncMs: 5 } })
    const { world } = storage
    const kept: { readonly content: Bytes; readonly capability: Parameters<StorageWorld['read']>[1] }[] = []
    for (let round = 0; round < 6; round++) {
      const victim = 1 + world.random.integer(world.nodeCount - 1)
      world.clock.after(world.random.integer(120), () => world.crash(victim))
      const content = storage.content(20 * KIB * (1 + round), round)
      kept.push({ content, capability: (await storage.put(0, content)).capability })
      await storage.run(SECOND)
      world.restart(victim, { disk: 'kept' })
      await storage.run(5 * SECOND)
      for (const { content, capability } of kept) sameBytes(await storage.read(victim, capability), content)
    }
    assert.ok(storage.acknowledged.count > 6 * 33)
  })
})

test('an encoder whose fragments contradict one another can damage its object, but not show two readers two contents', async () => {
  const primitives = new NodePrimitives()
  for (const size of [100, 70_000]) {
    const storage = await StorageWorld.start({ seed: 3, coder: dishonestCoder(primitives, size === 100) })
    const content = storage.content(size)
    const { capability } = await storage.put(0, content)
    const outcomes = { right: 0, damaged: 0 }
    for (let reader = 0; reader < 24; reader++) {
      // Whoever takes the data fragments gets the content, whoever has to decode finds the lie.
      if (reader === 6) storage.killAtRandom(8, [6, 7, 8, 9, 10, 11, 12])
      if (!storage.world.isUp(reader)) continue
      try {
        sameBytes(await storage.read(reader, capability), content)
        outcomes.right++
      } catch (error) {
        assert.ok(isFailure(error, 'damaged'), String(error))
        outcomes.damaged++
      }
    }
    assert.ok(outcomes.damaged > 0 && (outcomes.right > 0 || size === 100), JSON.stringify(outcomes))
  }
})

/** Every parity fragment is another one than the data's, under honest proofs. */
function dishonestCoder(primitives: NodePrimitives, lieInRoot: boolean): Coder {
  const honest = new InlineCoder(primitives)
  const encode = async (job: EncodeJob): Promise<EncodedStripe> => {
    const stripe = await honest.encode(job)
    const { header, fragments: sound } = stripe
    const { needed } = header
    // Its root stays honest where there is data besides it, so that readers get that far.
    if (needed === 1 && !lieInRoot) return stripe
    const fragments = sound.map((data, index) => (index < needed ? data : data.map((byte) => byte ^ index)))
    const tree = new MerkleTree(
      primitives,
      fragments.map((data) => leafHash(primitives, data)),
    )
    const forged = { ...header, merkleRoot: tree.root }
    const proofs = fragments.map((_, index) => tree.proof(needed, index))
    return { id: stripeId(primitives, forged), header: forged, fragments, proofs }
  }
  return alteredPort<Coder>(honest, { encode })
}

test('a world of storage runs the same way twice', async () => {
  const run = async (seed: number): Promise<string> => {
    const storage = await StorageWorld.start({ seed, nodes: 10, link: { delayMs: [5, 80], jitterMs: 20, loss: 0.02 } })
    const { capability } = await storage.put(0, storage.content(MIB + 1))
    storage.killAtRandom(4, [1])
    await storage.read(1, capability)
    await storage.health(1, capability)
    return storage.world.digest()
  }
  const digest = await run(1)
  assert.equal(await run(1), digest)
  assert.notEqual(await run(2), digest)
})
