/**
 * Which plans a test runs: those kept in test/plans/<name>.json because they failed once, and one for each seed (seeds.ts).
 * A plan that fails is made smaller before it is reported. MAINFRAME_PLAN, hex digits, runs one plan alone.
 */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { env } from 'node:process'
import { EMPTY, fromHex, toHex, type Bytes } from '../base/bytes.ts'
import { Choices } from './choices.ts'
import { drawPlan, printPlan, type Plan, type PlanShape } from './plan.ts'
import { seedsOf } from './seeds.ts'
import { SeededRandom } from './seededRandom.ts'
import { shrink } from './shrink.ts'

export interface PlansOptions<W> extends PlanShape<W> {
  /** The test's file, `import.meta.filename`, for the line that replays a failure. */
  readonly file: string
  /** How many fresh plans besides those kept. */
  readonly freshCount?: number
  /** How often a failing plan may be run again to find a smaller one; each run takes as long as the test itself. */
  readonly shrinkRunsMax: number
  /** The text of MAINFRAME_PLAN: this plan and no other. */
  readonly chosen?: string | undefined
}

const KEPT = new URL('../../test/plans/', import.meta.url)

/** Runs the test with each of its plans, one after another. Rejects with the smallest plan that fails likewise, and how to replay it. */
export async function withPlans<W>(
  name: string,
  options: PlansOptions<W>,
  run: (plan: Plan<W>) => Promise<void>,
): Promise<void> {
  for (const bytes of plansOf(name, options)) {
    const failure = await failureOf(run, drawPlan(new Choices(bytes), options))
    if (failure !== undefined) throw await explained(name, options, run, bytes, failure)
  }
}

function plansOf<W>(name: string, options: PlansOptions<W>): readonly Bytes[] {
  const { chosen = env.MAINFRAME_PLAN ?? '' } = options
  if (chosen !== '') return [parsePlan(chosen, 'MAINFRAME_PLAN')]
  const seeds = seedsOf(name, { freshCount: options.freshCount ?? 1, chosen: env.MAINFRAME_SEED })
  const fresh = seeds.map((seed) => {
    const choices = new Choices(EMPTY, new SeededRandom(seed))
    drawPlan(choices, options)
    return choices.taken
  })
  return [...keptPlans(new URL(`${name}.json`, KEPT)), ...fresh]
}

/** The error to throw: the smallest plan that fails as this one does, and what to do with it. */
async function explained<W>(
  name: string,
  options: PlansOptions<W>,
  run: (plan: Plan<W>) => Promise<void>,
  bytes: Bytes,
  failure: Error,
): Promise<Error> {
  let last = failure
  const failsAlike = async (fewer: Bytes): Promise<boolean> => {
    const other = await failureOf(run, drawPlan(new Choices(fewer), options))
    if (other?.name !== failure.name) return false
    last = other
    return true
  }
  const spansOf = (of: Bytes) => {
    const choices = new Choices(of)
    drawPlan(choices, options)
    return choices.spans
  }
  const shrunk = await shrink(bytes, failsAlike, { runsMax: options.shrinkRunsMax, spansOf })
  const hex = toHex(shrunk.bytes) || '00'
  const size = shrunk.isMinimal ? 'no smaller one fails' : 'a smaller one may fail too'
  return new Error(
    `${name} fails: ${last.message}
the plan, of which ${size} (${shrunk.runs} runs):
${printPlan(drawPlan(new Choices(shrunk.bytes), options))}
replay: MAINFRAME_PLAN=${hex} node --test ${relative(process.cwd(), options.file)}
then add "${hex}" to test/plans/${name}.json, so that it is run ever after`,
    { cause: last },
  )
}

async function failureOf<W>(run: (plan: Plan<W>) => Promise<void>, plan: Plan<W>): Promise<Error | undefined> {
  return run(plan).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  )
}

function keptPlans(file: URL): readonly Bytes[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    // No plan of this test has failed yet.
    return []
  }
  const kept: unknown = JSON.parse(text)
  if (!Array.isArray(kept)) throw new Error(`${file.pathname} is no list of plans`)
  return kept.map((plan) => parsePlan(String(plan), file.pathname))
}

function parsePlan(text: string, where: string): Bytes {
  const bytes = fromHex(text)
  if (bytes === undefined) throw new Error(`${where}: "${text}" is no plan, pairs of lower-case hex digits are`)
  return bytes
}
