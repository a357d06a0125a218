/** Puts and reads always settle and leave nothing behind: given up at any moment, fed by a source that fails, in a node that stops. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { present } from '../src/base/assert.ts'
import { isFailure } from '../src/base/failure.ts'
import { HOUR, KIB, MIB, SECOND } from '../src/base/units.ts'
import { CountedClock } from '../src/testing/countedClock.ts'
import { gather, once, StorageWorld } from '../src/testing/storageWorld.ts'

/**
 * What each node's clock owes while nothing is asked of it: keep-alives, refreshes, feelers, the sweep of idle connections, and the next
 * sweep, scrub and look at what it keeps.
 */
const IDLE_TIMERS = 7

/** Above the longest way there and back, below the wait after which a reader takes an answer for slow. */
const ROUND_TRIP_MS = 150

interface Rig {
  readonly storage: StorageWorld
  readonly clock: (node: number) => CountedClock
}

async function rig(seed: number, nodes = 12): Promise<Rig> {
  const clocks = new Map<number, CountedClock>()
  const storage = await StorageWorld.start({
    seed,
    nodes,
    alter: (ports, node) => {
      const clock = new CountedClock(ports.clock)
      clocks.set(node, clock)
      return { clock }
    },
  })
  return { storage, clock: (node) => present(clocks.get(node), 'a node that has started') }
}

/** Nothing of storage begins any more on any node, and what was under way is gone as soon as answers on their way have come. */
async function isQuiet({ storage, clock }: Rig): Promise<void> {
  const kinds = ['store', 'storeAll', 'fetch', 'have'] as const
  const nodes = Array.from({ length: storage.world.nodeCount }, (_, node) => node)
  const begun = (): number =>
    nodes.flatMap((node) => kinds.map((kind) => storage.network(node).begun.get(kind) ?? 0)).reduce((a, b) => a + b)
  const begunBefore = begun()
  await storage.run(ROUND_TRIP_MS)
  for (const node of nodes) {
    const network = storage.network(node)
    for (const kind of kinds) assert.equal(network.pendingCount(kind), 0, `${kind} of node ${node}`)
    // What the overlay asks has its deadline's timer.
    const asked = (['ping', 'find', 'region'] as const).map((kind) => network.pendingCount(kind))
    const overlayTimers = asked.reduce((sum, count) => sum + count, 0)
    assert.ok(clock(node).pendingCount <= IDLE_TIMERS + overlayTimers, `timers of node ${node}`)
  }
  await storage.run(20 * SECOND)
  assert.equal(begun(), begunBefore)
}

/** Gives its bytes and then nothing for ever. */
async function* stuck(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
  await new Promise<never>(() => undefined)
}

test('a put that is given up at any moment settles at once and leaves nothing under way', async () => {
  const made = await rig(1)
  const { storage } = made
  const content = storage.content(300_000)
  // Connections stand from now on: making one may outlast whoever wanted it.
  await storage.put(0, content)
  let givenUp = 0
  for (const afterMs of [0, 1, 15, 40, 70, 100, 140, 200, 500]) {
    const controller = new AbortController()
    const put = storage.node(0).objects.put(once(content), { signal: controller.signal })
    put.catch(() => undefined)
    await storage.run(afterMs)
    controller.abort()
    const before = storage.world.clock.elapsedMs
    await storage.until(
      put.then(
        () => undefined,
        (error: unknown) => {
          assert.ok(isFailure(error, 'aborted'))
          givenUp++
        },
      ),
    )
    assert.equal(storage.world.clock.elapsedMs, before)
    await isQuiet(made)
  }
  assert.ok(givenUp >= 5, `${givenUp} were given up while under way`)
  await storage.put(0, content)
})

test('a put whose source gives nothing any more can be given up', async () => {
  const made = await rig(2)
  const controller = new AbortController()
  const put = made.storage.node(0).objects.put(stuck(made.storage.content(70_000)), { signal: controller.signal })
  put.catch(() => undefined)
  await made.storage.run(SECOND)
  controller.abort()
  await assert.rejects(made.storage.until(put), (error) => isFailure(error, 'aborted'))
  await isQuiet(made)
})

test('a put that is given up before it begins does nothing', async () => {
  const { storage } = await rig(3)
  const put = storage.node(0).objects.put(once(storage.content(9)), { signal: AbortSignal.abort() })
  await assert.rejects(storage.until(put), (error) => isFailure(error, 'aborted'))
  assert.equal(storage.network(0).begun.get('store'), undefined)
})

test('a put whose source fails rejects with that failure, also when segments are under way', async () => {
  const made = await rig(4)
  const error = new Error('the disk is gone')
  for (const bytes of [0, 100, 17 * MIB]) {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield made.storage.content(bytes)
      throw error
    }
    await assert.rejects(made.storage.put(0, failing()), error)
    await isQuiet(made)
  }
})

test('a read that is given up at any moment settles at once and leaves nothing under way', async () => {
  const made = await rig(5)
  const { storage } = made
  const { capability } = await storage.put(0, storage.content(300_000))
  await storage.read(5, capability)
  for (const afterMs of [0, 1, 20, 50, 80, 120, 200]) {
    const controller = new AbortController()
    const { signal } = controller
    const open = storage.node(5).objects.open(capability, { signal })
    const read = open.then((object) => gather({ stream: () => object.stream({ signal }) }))
    read.catch(() => undefined)
    await storage.run(afterMs)
    controller.abort()
    await storage.until(read.catch((error: unknown) => assert.ok(isFailure(error, 'aborted'))))
    await isQuiet(made)
  }
})

test('a reader that returns early stops all work behind it', async () => {
  const made = await rig(6)
  const { storage } = made
  const { capability } = await storage.put(0, storage.content(17 * MIB))
  const first = async (): Promise<number> => {
    const object = await storage.node(5).objects.open(capability)
    for await (const chunk of object.stream()) return chunk.length
    return 0
  }
  const length = await storage.until(first())
  assert.ok(length > 0 && length <= 256 * KIB)
  await isQuiet(made)
})

test('a node that stops ends its calls with that reason, and nothing of it is left in the event loop', async () => {
  const { storage, clock } = await rig(7)
  const content = storage.content(300_000)
  const { capability } = await storage.put(0, content)
  for (const [node, afterMs] of [
    [0, 0],
    [1, 20],
    [2, 60],
    [3, 5_000],
  ] as const) {
    const process = storage.node(node)
    const object = await storage.until(process.objects.open(capability))
    const calls = [
      process.objects.put(stuck(content)),
      process.objects.put(once(new Uint8Array(17 * MIB))),
      gather(object),
      process.objects.open(capability),
      process.objects.health(capability),
    ]
    const outcomes = Promise.allSettled(calls)
    await storage.run(afterMs)
    await storage.until(process.stop())
    for (const outcome of await storage.until(outcomes)) {
      if (outcome.status === 'rejected') assert.ok(isFailure(outcome.reason, 'closed'), String(outcome.reason))
    }
    assert.equal((await outcomes)[0]?.status, 'rejected')
    await assert.rejects(storage.until(process.objects.open(capability)), (error) => isFailure(error, 'closed'))
    assert.equal(clock(node).pendingCount, 0)
  }
  await storage.run(HOUR)
  for (const node of [0, 1, 2, 3]) assert.equal(clock(node).pendingCount, 0)
})

test('a failure at the first segment is told at once, though the source goes on', async () => {
  const { storage } = await rig(8, 4)
  await assert.rejects(storage.put(0, stuck(new Uint8Array(16 * MIB)), { survive: 0.99 }), (error) =>
    isFailure(error, 'invalid'),
  )
})
