/** Plans do to a world what they say, and a planted defect is brought out by few lines in the end, with the line that replays it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY, fromHex, utf8 } from '../base/bytes.ts'
import { MINUTE, SECOND } from '../base/units.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import { Choices } from './choices.ts'
import { inertCoder } from './inertCoder.ts'
import { KeyedPrimitives } from './keyedPrimitives.ts'
import {
  beginPlan,
  comeRight,
  drawPlan,
  FAULTS,
  losesDisk,
  printPlan,
  type FaultyWorld,
  type Plan,
  type StepKind,
} from './plan.ts'
import { withPlans } from './plans.ts'
import { SeededRandom } from './seededRandom.ts'
import { World } from './world.ts'

const NODES = 5
const primitives = new KeyedPrimitives(new NodePrimitives())
const shape = { kinds: [...FAULTS, losesDisk], nodeCount: NODES, pauseMsMax: 10 * SECOND, stepsMax: 40 }

/** Nodes that write something down when they start, on machines that lose it when they crash within a second after a cut. */
class DefectiveWorld extends World {
  private readonly cutAtMs = new Map<number, number>()

  constructor(seed: number) {
    super({
      seed,
      nodes: NODES,
      primitives,
      coder: inertCoder,
      spawn: async ({ state }) => {
        await state.put('key', utf8('value'))
        return { stop: () => Promise.resolve() }
      },
    })
  }

  override cut(...args: Parameters<World['cut']>): () => void {
    for (const node of [args[0]].flat()) this.cutAtMs.set(node, this.clock.elapsedMs)
    return super.cut(...args)
  }

  override crash(...args: Parameters<World['crash']>): void {
    const [node] = args
    super.crash(...args)
    const isBad = this.clock.elapsedMs - (this.cutAtMs.get(node) ?? -Infinity) <= SECOND
    if (isBad) this.disk(node).state.clear()
  }
}

/** What the nodes wrote down is on their disks at any moment. */
async function keepsItsState(plan: Plan<FaultyWorld>): Promise<void> {
  const world = new DefectiveWorld(plan.seed)
  await world.run(SECOND)
  const check = (): void => {
    for (let node = 0; node < NODES; node++) assert.ok(world.disk(node).state.has('key'), 'a disk is empty')
  }
  await world.run(beginPlan(world, plan), { check })
}

function planOf(seed: number, kinds: readonly StepKind<FaultyWorld>[] = shape.kinds): Plan<FaultyWorld> {
  return drawPlan(new Choices(EMPTY, new SeededRandom(seed)), { ...shape, kinds })
}

test('a planted defect is brought out by two lines in the end, and a line that replays them', async () => {
  const options = { ...shape, file: import.meta.filename, freshCount: 100, shrinkRunsMax: 500, chosen: '' }
  const message = await withPlans('the toy', options, keepsItsState).then(
    () => 'no plan brought it out',
    (error: unknown) => (error instanceof Error ? error.message : ''),
  )
  const lines = message.split('\n')
  assert.match(lines[0] ?? '', /^the toy fails: a disk is empty/)
  assert.match(lines[1] ?? '', /^the plan, of which no smaller one fails/)
  assert.deepEqual(lines.slice(2, 5), [
    'world seed 0',
    '0 s: cut off: node 0 alone, neither heard nor hearing, for 0 s',
    '0 s: node 0 crashes and returns after 0 s',
  ])
  const [, hex = ''] = /^replay: MAINFRAME_PLAN=([0-9a-f]+) node --test \S*plan\.test\.ts$/.exec(lines[5] ?? '') ?? []
  assert.match(lines[6] ?? '', new RegExp(`add "${hex}" to test/plans/the toy.json`))
  const replayed = drawPlan(new Choices(fromHex(hex) ?? EMPTY), shape)
  assert.equal(printPlan(replayed), lines.slice(2, 5).join('\n'))
  await assert.rejects(keepsItsState(replayed), /a disk is empty/)
  await assert.rejects(withPlans('the toy', { ...options, chosen: hex }, keepsItsState), /a disk is empty/)
})

test('with the runs used up the smallest plan so far is reported as such', async () => {
  const options = { ...shape, file: import.meta.filename, freshCount: 100, shrinkRunsMax: 3, chosen: '' }
  await assert.rejects(withPlans('the toy', options, keepsItsState), /a smaller one may fail too \(3 runs\)/)
})

test('what is no plan is refused', async () => {
  const options = { ...shape, file: import.meta.filename, shrinkRunsMax: 0, chosen: 'xyz' }
  await assert.rejects(withPlans('the toy', options, keepsItsState), /MAINFRAME_PLAN: "xyz" is no plan/)
})

test('plans differ, have steps of every kind, and keep to their shape', () => {
  const plans = Array.from({ length: 200 }, (_, seed) => planOf(seed))
  const text = plans.map(printPlan).join('\n')
  for (const words of ['clogged', 'slower by', 'cut off', 'not heard', 'crashes', 'vanishes', 'empty disk']) {
    assert.ok(text.includes(words), words)
  }
  assert.equal(new Set(plans.map(printPlan)).size, 200)
  const counts = plans.map(({ steps }) => steps.length).sort((a, b) => a - b)
  assert.ok((counts[100] ?? 0) > 5 && (counts[199] ?? 0) <= 40, counts.join(' '))
})

test('no choices are an empty plan, and each span of the others is a step', () => {
  assert.deepEqual(drawPlan(new Choices(EMPTY), shape).steps, [])
  const choices = new Choices(EMPTY, new SeededRandom(3))
  const { steps } = drawPlan(choices, shape)
  const middle = choices.spans[2] ?? { from: 0, to: 0 }
  const fewer = Uint8Array.from([...choices.taken.subarray(0, middle.from), ...choices.taken.subarray(middle.to)])
  assert.deepEqual(
    drawPlan(new Choices(fewer), shape).steps.map(({ words }) => words),
    steps.map(({ words }) => words).filter((_, at) => at !== 2),
  )
})

test('each step happens at its time, and when all is right again every node is up', async () => {
  const happened: string[] = []
  const told =
    (nodeCount: number): StepKind<FaultyWorld> =>
    (choices) => {
      const node = choices.integer(nodeCount)
      return { words: `node ${node} is told`, happen: ({ clock }) => void happened.push(`${clock.elapsedMs} ${node}`) }
    }
  const plan = planOf(4, [...FAULTS, told(NODES)])
  const world = new DefectiveWorld(plan.seed)
  const endMs = beginPlan(world, plan)
  await world.run(endMs)
  const expected = plan.steps.filter(({ words }) => words.endsWith('told'))
  assert.ok(expected.length > 0)
  assert.deepEqual(
    happened,
    expected.map(({ atMs, words }) => `${atMs} ${words.split(' ')[1] ?? ''}`),
  )
  comeRight(world)
  for (let node = 0; node < NODES; node++) assert.ok(world.isUp(node))
  await world.run(10 * MINUTE)
  for (let node = 0; node < NODES; node++) assert.ok(world.isUp(node))
})
