/** The child process of pool.ts: measures the jobs it is sent, one at a time, and answers each with its number. */
import { present } from '../src/base/assert.ts'
import { caseOf, type Job } from './plan.ts'
import type { Answer } from './pool.ts'
import { scenarios } from './scenarios/all.ts'

process.on('message', (job: Job) => {
  void measure(job).then((answer) => process.send?.(answer))
})

async function measure({ scenarioId, caseIndex, seed, size }: Job): Promise<Answer> {
  const startMs = performance.now()
  try {
    const scenario = present(
      scenarios.find(({ id }) => id === scenarioId),
      scenarioId,
    )
    const value = await caseOf({ scenario, caseIndex }).measure(seed, size)
    return { value, tookMs: performance.now() - startMs }
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}
