/**
 * Random plans of faults befall a small network in which objects are put and read meanwhile: no read ever gives a wrong byte,
 * whatever is asked for is answered, and once the faults are over every acknowledged object can be read. Disks are kept, for a
 * network this small has nobody to spare.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Bytes } from '../src/base/bytes.ts'
import { isFailure } from '../src/base/failure.ts'
import { KIB, MINUTE, SECOND } from '../src/base/units.ts'
import type { Capability } from '../src/crypto/link.ts'
import type { VirtualClock } from '../src/sim/virtualClock.ts'
import { beginPlan, comeRight, FAULTS, inWords, type Plan, type StepKind } from '../src/sim/plan.ts'
import { withPlans } from '../src/sim/plans.ts'
import { gather, once, StorageWorld } from '../src/testing/storageWorld.ts'

const NODES = 12
/** One that stands in its root alone, one of a few fragments, one of many. */
const SIZES = [100, 10 * KIB, 300 * KIB] as const
/** For a put or a read in the middle of it all; longer than any fault. */
const ANSWER_MS_MAX = 10 * MINUTE
const LAST_FAULT_MS = MINUTE
const COME_RIGHT_MS = 5 * MINUTE

interface Kept {
  readonly content: Bytes
  readonly capability: Capability
}

/** A network, and what it has given its word for. */
class Objects {
  readonly storage: StorageWorld
  readonly kept: Kept[] = []
  private defect: Error | undefined
  private putCount = 0

  constructor(storage: StorageWorld) {
    this.storage = storage
  }

  get clock(): VirtualClock {
    return this.storage.world.clock
  }

  put(node: number, size: number): void {
    const content = this.storage.content(size, ++this.putCount)
    this.follow(`put of ${size} bytes`, node, async () => {
      const { capability } = await this.storage.node(node).objects.put(once(content))
      this.kept.push({ content, capability })
    })
  }

  read(node: number, which: number): void {
    const { length } = this.kept
    const object = this.kept[which % Math.max(1, length)]
    if (object !== undefined) this.follow(`read of object ${which % length}`, node, () => this.readRight(node, object))
  }

  async readRight(node: number, { content, capability }: Kept): Promise<void> {
    const bytes = await gather(await this.storage.node(node).objects.open(capability))
    assert.deepEqual(bytes, content, 'a read gave other bytes than were put')
  }

  readonly throwDefect = (): void => {
    if (this.defect !== undefined) throw this.defect
  }

  /** Notes what must not be: a defect, a lie, or no answer at all from a process that lives. */
  private follow(what: string, node: number, act: () => Promise<void>): void {
    const { world } = this.storage
    const process = world.process(node)
    if (process === undefined) return
    let isAnswered = false
    act()
      .catch((error: unknown) => {
        // Also 'not-found': who starts again on one side of a cut has not met those on the other side and does not miss them.
        const isWeather = isFailure(error) && !isFailure(error, 'damaged')
        if (!isWeather) this.defect ??= new Error(`${what} by node ${node}`, { cause: error })
      })
      .finally(() => {
        isAnswered = true
      })
    this.clock.after(ANSWER_MS_MAX, () => {
      const isLost = !isAnswered && world.process(node) === process
      if (isLost) this.defect ??= new Error(`${what} by node ${node} has no end after ${inWords(ANSWER_MS_MAX)}`)
    })
  }
}

const puts: StepKind<Objects> = (choices, nodeCount) => {
  const node = choices.integer(nodeCount)
  const size = choices.pick(SIZES)
  return {
    words: `node ${node} puts ${size} bytes`,
    happen: (objects) => objects.put(node, size),
  }
}

const reads: StepKind<Objects> = (choices, nodeCount) => {
  const node = choices.integer(nodeCount)
  const which = choices.integer(16)
  return {
    words: `node ${node} reads object ${which}, counted round those that are kept by then`,
    happen: (objects) => objects.read(node, which),
  }
}

const faults = FAULTS.map((kind): StepKind<Objects> => (choices, nodeCount) => {
  const { words, happen } = kind(choices, nodeCount)
  return { words, happen: ({ storage }) => happen(storage.world) }
})

async function keepsItsWord(plan: Plan<Objects>): Promise<void> {
  const storage = await StorageWorld.start({ seed: plan.seed, nodes: NODES })
  const objects = new Objects(storage)
  objects.put(0, SIZES[1])
  await storage.run(10 * SECOND)
  objects.throwDefect()
  await storage.run(beginPlan(objects, plan) + LAST_FAULT_MS)
  comeRight(storage.world)
  await storage.run(COME_RIGHT_MS)
  objects.throwDefect()
  for (const [nth, object] of objects.kept.entries()) {
    for (const node of [nth % NODES, (nth + 7) % NODES]) await storage.until(objects.readRight(node, object))
  }
}

test(`${NODES} nodes keep what they gave their word for through any plan of faults`, async () => {
  const options = {
    kinds: [reads, puts, puts, ...faults],
    nodeCount: NODES,
    pauseMsMax: 30 * SECOND,
    stepsMax: 24,
    file: import.meta.filename,
    shrinkRunsMax: 100,
  }
  await withPlans('stored-worlds', options, keepsItsWord)
})
