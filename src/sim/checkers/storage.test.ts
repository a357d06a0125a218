/** The checkers of storage see what they are for: a fragment that was promised and is gone, one that proves nothing, one that is alive. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Bytes } from '../../base/bytes.ts'
import type { NodeId } from '../../base/id.ts'
import { InlineCoder } from '../../coding/inlineCoder.ts'
import { encodeHeader } from '../../coding/stripe.ts'
import { NodePrimitives } from '../../drivers/nodePrimitives.ts'
import type { EncodedStripe } from '../../ports/coder.ts'
import { ownerTag, signRelease } from '../../storage/release.ts'
import type { FragmentDisk } from '../memory/fragmentStore.ts'
import { AcknowledgedFragments } from './acknowledgedFragments.ts'
import { fragmentsAlive, stripesOnDisks, type WithDisks } from './fragmentsOnDisks.ts'
import { storedFragmentsVerify } from './storedFragmentsVerify.ts'

const primitives = new NodePrimitives()
const NODES = ['0', '1'].map((digit) => digit.repeat(64) as NodeId)

interface Rig {
  readonly disks: readonly FragmentDisk[]
  readonly up: boolean[]
  readonly world: WithDisks
  readonly stripe: EncodedStripe
}

/** Two nodes; the first keeps fragments 0 and 1 of a stripe, the second 1 and 2. */
async function rig(): Promise<Rig> {
  const job = { plain: new Uint8Array(100), key: new Uint8Array(32), code: { needed: 2, total: 4 } }
  const stripe = await new InlineCoder(primitives).encode(job)
  const disks = NODES.map((): FragmentDisk => new Map())
  const up = [true, true]
  const nowMs = 100
  const world: WithDisks = {
    nodeCount: 2,
    clock: { now: () => nowMs },
    isUp: (node) => up[node] === true,
    contact: (node) => ({ id: NODES[node] as NodeId }),
    disk: (node) => ({ fragments: disks[node] as FragmentDisk }),
  }
  for (const [node, disk] of disks.entries()) {
    disk.set(stripe.id, new Map([node, node + 1].map((index) => [index, kept(stripe, index)])))
  }
  return { disks, up, world, stripe }
}

function kept({ id, header, fragments, proofs }: EncodedStripe, index: number) {
  const fragment = { stripe: id, header, index, proof: proofs[index] as Bytes, data: fragments[index] as Bytes }
  return { fragment, lease: { expiresMs: 0, sender: NODES[0] as NodeId, owner: undefined } }
}

test('a promised fragment that is gone is seen, at once and also later', async () => {
  const { disks, world, stripe } = await rig()
  const checker = new AcknowledgedFragments(primitives)
  const request = (...indices: readonly number[]) => ({
    header: encodeHeader(stripe.header),
    region: 0,
    fragments: indices.map((index) => ({ index, proof: stripe.proofs[index] as Bytes })),
    leaseMs: 1,
    owner: undefined,
  })
  checker.add(NODES[0] as NodeId, request(0, 1))
  checker.check(world)
  assert.equal(checker.count, 2)
  disks[0]?.get(stripe.id)?.delete(1)
  assert.throws(() => checker.check(world), /node 0 lost fragment 1/)
  disks[0]?.get(stripe.id)?.set(1, kept(stripe, 1))
  checker.check(world)
  checker.add(NODES[1] as NodeId, request(3))
  assert.throws(() => checker.check(world), /node 1 lost fragment 3/)
})

test('a promise ends with its lease, renewals included, and with the word of its owner alone', async () => {
  const { disks, world, stripe } = await rig()
  const seed = new Uint8Array(32).fill(1)
  const release = signRelease(primitives, seed, [stripe.id])
  const owner = ownerTag(primitives, release.publicKey)
  const lost = (untilMs: number, change: (checker: AcknowledgedFragments) => void, asked = owner): void => {
    const checker = new AcknowledgedFragments(primitives)
    const fragments = [{ index: 3, proof: stripe.proofs[3] as Bytes }]
    const request = { header: encodeHeader(stripe.header), region: 0, fragments, leaseMs: 1, owner: asked }
    checker.add(NODES[0] as NodeId, { ...request, owner }, untilMs)
    checker.add(NODES[0] as NodeId, request, untilMs)
    change(checker)
    checker.check(world)
  }
  assert.ok(disks[0]?.get(stripe.id)?.has(3) === false)
  lost(100, () => undefined)
  assert.throws(() => lost(101, () => undefined), /lost fragment 3/)
  assert.throws(() => lost(100, (checker) => checker.renew(NODES[0] as NodeId, stripe.id, 101)), /lost fragment 3/)
  lost(101, (checker) => checker.release(NODES[0] as NodeId, release))
  const other = new Uint8Array(32)
  assert.throws(() => lost(101, (checker) => checker.release(NODES[0] as NodeId, release), other), /lost fragment 3/)
})

test('a fragment that does not belong where it lies is seen', async () => {
  const { disks, world, stripe } = await rig()
  const check = storedFragmentsVerify(primitives)
  check(world)
  const { fragment, lease } = kept(stripe, 3)
  disks[1]?.get(stripe.id)?.set(3, { fragment: { ...fragment, data: fragment.data.map((byte) => byte ^ 1) }, lease })
  assert.throws(() => check(world), /node 1 keeps a fragment that proves nothing/)
})

test('fragments are counted once each, and only on nodes that are up', async () => {
  const { up, world, stripe } = await rig()
  assert.deepEqual(fragmentsAlive(world, stripe.id), new Set([0, 1, 2]))
  up[0] = false
  assert.deepEqual(fragmentsAlive(world, stripe.id), new Set([1, 2]))
  assert.deepEqual(stripesOnDisks(world), new Set([stripe.id]))
})
