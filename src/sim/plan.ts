/**
 * A plan of what befalls a world: faults and other steps, each at its time, all drawn from choices (choices.ts), so that a plan
 * that brings out a defect can be made smaller, printed and replayed. What steps there are is for whoever draws the plan;
 * the faults that every world knows are here.
 */
import { HOUR, MINUTE, SECOND } from '../base/units.ts'
import type { Choices } from './choices.ts'
import { SILENCE_MS_MAX } from './fabric.ts'
import type { World } from './world.ts'

/** Something that befalls a world at one moment; what it begins ends by itself. */
export interface Step<W> {
  /** What happens, in words for people. */
  readonly words: string
  readonly happen: (world: W) => void
}

/** Draws a step of one kind. Whatever it draws must make sense, also in a plan of which other steps have been left out. */
export type StepKind<W> = (choices: Choices, nodeCount: number) => Step<W>

export interface PlannedStep<W> extends Step<W> {
  /** From the beginning of the plan. */
  readonly atMs: number
}

export interface Plan<W> {
  /** For the world's own dice. */
  readonly seed: number
  readonly steps: readonly PlannedStep<W>[]
}

export interface PlanShape<W> {
  /** The mildest first: what is made smaller moves towards it. */
  readonly kinds: readonly StepKind<W>[]
  /** Of the world at the beginning. */
  readonly nodeCount: number
  /** Between one step and the next. */
  readonly pauseMsMax: number
  readonly stepsMax: number
}

/** One plan in so many ends after each of its steps; most have fewer than twice as many. */
const STEPS_MEAN = 16
/** Faults last at most so long; two in five last longer than a minute, after which connections over a cut are given up. */
const FAULT_MS_MAX = 5 * MINUTE
/** A connection whose frames are held back for longer than this would be given up, as over a cut. */
const CLOG_MS_MAX = SILENCE_MS_MAX
const SLOW_MS_MAX = 5 * SECOND

/** Each step is a span of its choices, and no choices at all are an empty plan. */
export function drawPlan<W>(choices: Choices, { kinds, nodeCount, pauseMsMax, stepsMax }: PlanShape<W>): Plan<W> {
  const seed = choices.integer(2 ** 32)
  const steps: PlannedStep<W>[] = []
  let atMs = 0
  while (steps.length < stepsMax) {
    const step = choices.span(() => {
      if (choices.integer(STEPS_MEAN) === 0) return undefined
      atMs += choices.length(pauseMsMax)
      return { atMs, ...choices.pick(kinds)(choices, nodeCount) }
    })
    if (step === undefined) break
    steps.push(step)
  }
  return { seed, steps }
}

/** A line for each step. */
export function printPlan<W>({ seed, steps }: Plan<W>): string {
  return [`world seed ${seed}`, ...steps.map(({ atMs, words }) => `${inWords(atMs)}: ${words}`)].join('\n')
}

/** Lets the plan begin now. Returns when its last step happens, in milliseconds from now; what that begins goes on after it. */
export function beginPlan<W extends Pick<World, 'clock'>>(world: W, { steps }: Plan<W>): number {
  for (const { atMs, happen } of steps) world.clock.after(atMs, () => happen(world))
  return steps.at(-1)?.atMs ?? 0
}

/** What faults need of a world; every world has it. */
export type FaultyWorld = Pick<
  World,
  'clock' | 'nodeCount' | 'isUp' | 'crash' | 'restart' | 'cut' | 'slowWhere' | 'clogWhere' | 'heal'
>

/** Faults of machines and of the network that take nothing from a disk, the mildest first. */
export const FAULTS: readonly StepKind<FaultyWorld>[] = [clogged, slowed, cutOff, crashed]

/** A node crashes and returns with an empty disk, under a new identity. */
export const losesDisk: StepKind<FaultyWorld> = (choices, nodeCount) => {
  const node = choices.integer(nodeCount)
  const durationMs = choices.length(FAULT_MS_MAX)
  return {
    words: `node ${node} crashes and returns after ${inWords(durationMs)} with an empty disk`,
    happen: (world) => crash(world, node, { how: 'crash', disk: 'lost', durationMs }),
  }
}

/** Undoes all that has befallen the network, and starts every node that is down, with its disk. */
export function comeRight(world: FaultyWorld): void {
  world.heal()
  for (let node = 0; node < world.nodeCount; node++) {
    if (!world.isUp(node)) world.restart(node, { disk: 'kept' })
  }
}

/** `12.3 s`, `2 min`, `1.5 h`: as people would write a time. */
export function inWords(ms: number): string {
  const [unitMs, unit] = ms >= HOUR ? [HOUR, 'h'] : ms >= 2 * MINUTE ? [MINUTE, 'min'] : [SECOND, 's']
  return `${Math.round((1000 * ms) / unitMs) / 1000} ${unit}`
}

function clogged(choices: Choices, nodeCount: number): Step<FaultyWorld> {
  const node = choices.integer(nodeCount)
  const durationMs = choices.length(CLOG_MS_MAX)
  return {
    words: `node ${node} is clogged for ${inWords(durationMs)}`,
    happen: (world) => world.clogWhere((from, to) => from === node || to === node, durationMs),
  }
}

function slowed(choices: Choices, nodeCount: number): Step<FaultyWorld> {
  const node = choices.integer(nodeCount)
  const extraMs = choices.length(SLOW_MS_MAX)
  const durationMs = choices.length(FAULT_MS_MAX)
  return {
    words: `node ${node} is slower by ${inWords(extraMs)} for ${inWords(durationMs)}`,
    happen: (world) => {
      world.clock.after(
        durationMs,
        world.slowWhere((from, to) => from === node || to === node, extraMs),
      )
    },
  }
}

/** One node, or several that stay together. */
function cutOff(choices: Choices, nodeCount: number): Step<FaultyWorld> {
  const first = choices.integer(nodeCount)
  const count = 1 + choices.integer(Math.max(1, nodeCount - 1))
  const oneWay = choices.integer(4) === 3
  const durationMs = choices.length(FAULT_MS_MAX)
  const inside = Array.from({ length: count }, (_, nth) => (first + nth) % nodeCount)
  const who = count === 1 ? `node ${first} alone` : `${count} nodes from ${first} on`
  return {
    words: `cut off: ${who}, ${oneWay ? 'not heard' : 'neither heard nor hearing'}, for ${inWords(durationMs)}`,
    happen: (world) => {
      const everyone = Array.from({ length: world.nodeCount }, (_, node) => node)
      const outside = everyone.filter((node) => !inside.includes(node))
      world.clock.after(durationMs, world.cut(inside, outside, { oneWay }))
    },
  }
}

function crashed(choices: Choices, nodeCount: number): Step<FaultyWorld> {
  const node = choices.integer(nodeCount)
  const how = choices.pick(['crash', 'vanish'] as const)
  const durationMs = choices.length(FAULT_MS_MAX)
  return {
    words: `node ${node} ${how === 'crash' ? 'crashes' : 'vanishes'} and returns after ${inWords(durationMs)}`,
    happen: (world) => crash(world, node, { how, disk: 'kept', durationMs }),
  }
}

interface Crash {
  readonly how: 'crash' | 'vanish'
  readonly disk: 'kept' | 'lost'
  readonly durationMs: number
}

/** A node that is down already is spared, and one that something else has started stays up. */
function crash(world: FaultyWorld, node: number, { how, disk, durationMs }: Crash): void {
  if (!world.isUp(node)) return
  world.crash(node, how)
  world.clock.after(durationMs, () => {
    if (!world.isUp(node)) world.restart(node, { disk })
  })
}
