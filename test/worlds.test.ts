/**
 * Random plans of faults befall small networks: whatever happens, every promise about any moment is kept, and once the faults are
 * over everything comes right. A plan that breaks this is made smaller and printed with the line that replays it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MINUTE, SECOND } from '../src/base/units.ts'
import { REGION_SIZE } from '../src/overlay/limits.ts'
import { Geography } from '../src/sim/geography.ts'
import { beginPlan, comeRight, FAULTS, inWords, losesDisk, type Plan, type StepKind } from '../src/sim/plan.ts'
import { withPlans } from '../src/sim/plans.ts'
import { OverlayWorld, pointsOf } from './overlayWorld.ts'

/** A lookup over silent nodes waits for them, but not for ever. */
const LOOKUP_MS_MAX = 5 * MINUTE
/** How long the last fault of a plan is left to itself before everything is mended. */
const LAST_FAULT_MS = MINUTE
/** Until departed nodes have been tried again and found. */
const COME_RIGHT_MS = 5 * MINUTE

/** A node looks a point up in the middle of it all; if it lives long enough, it gets an answer that could be true. */
const looksUp: StepKind<LookingWorld> = (choices, nodeCount) => {
  const node = choices.integer(nodeCount)
  const point = choices.integer(256)
  return {
    words: `node ${node} looks up point ${point}`,
    happen: (world) => world.lookUp(node, point),
  }
}

class LookingWorld extends OverlayWorld {
  private defect: Error | undefined

  lookUp(node: number, point: number): void {
    const process = this.process(node)
    if (process === undefined) return
    let isAnswered = false
    this.regions(node, pointsOf(point, 1)).then(
      () => {
        isAnswered = true
      },
      (error: unknown) => {
        this.defect = error instanceof Error ? error : new Error(String(error))
      },
    )
    this.clock.after(LOOKUP_MS_MAX, () => {
      const isLost = !isAnswered && this.process(node) === process
      if (isLost)
        this.defect ??= new Error(`node ${node} has no answer for point ${point} after ${inWords(LOOKUP_MS_MAX)}`)
    })
  }

  readonly noDefect = (): void => {
    if (this.defect !== undefined) throw this.defect
  }
}

async function comesRight(plan: Plan<LookingWorld>, nodes: number, by: 'frames' | 'objects'): Promise<void> {
  const geography = new Geography(plan.seed)
  const world = new LookingWorld({
    seed: plan.seed,
    nodes,
    spawnEveryMs: 100,
    by,
    link: { latencyMs: geography.latencyMs, jitterMs: 10, loss: 0.01 },
    hostName: geography.hostName,
  })
  const check = [...world.checkers, world.noDefect]
  await world.run(MINUTE, { check })
  await world.run(beginPlan(world, plan) + LAST_FAULT_MS, { check })
  comeRight(world)
  await world.run(COME_RIGHT_MS, { check })
  await assertTrueRegions(world)
}

async function assertTrueRegions(world: LookingWorld): Promise<void> {
  assert.equal(world.joined().length, world.nodeCount, 'every node is up and has joined')
  const points = pointsOf(1, 3)
  const asked = Promise.all(world.joined().map((node) => world.regions(node, points)))
  const answers = (await world.runUntil(asked, { limitMs: LOOKUP_MS_MAX })) ?? []
  for (const [node, regions] of answers.entries()) {
    const wrong = regions.filter((region) => !world.isTrue(region, REGION_SIZE))
    assert.equal(wrong.length, 0, `node ${node} finds ${wrong.length} of ${regions.length} regions wrong`)
  }
}

for (const [nodeCount, by] of [
  [24, 'objects'],
  [12, 'frames'],
] as const) {
  test(`${nodeCount} nodes that speak over ${by} come right after any plan of faults`, async () => {
    const options = {
      kinds: [looksUp, ...FAULTS, losesDisk],
      nodeCount,
      pauseMsMax: 30 * SECOND,
      stepsMax: 24,
      file: import.meta.filename,
      shrinkRunsMax: 60,
    }
    await withPlans(`worlds-of-${by}`, options, (plan) => comesRight(plan, nodeCount, by))
  })
}
