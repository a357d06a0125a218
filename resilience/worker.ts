/** A process that measures one job after another as it is told. */
import { assert, present } from '../src/base/assert.ts'
import { groupOf, type Job } from './plan.ts'
import type { Answer } from './pool.ts'
import { scenarios } from './scenarios/all.ts'

process.on('message', (job: Job) => {
  void measure(job).then((answer) => process.send?.(answer))
})

async function measure({ scenarioId, groupIndex, seed, size }: Job): Promise<Answer> {
  const before = process.cpuUsage()
  try {
    const scenario = present(
      scenarios.find(({ id }) => id === scenarioId),
      scenarioId,
    )
    const group = groupOf({ scenario, groupIndex })
    const values = await group.measure(seed, size)
    assert(values.length === group.lines.length, 'a value for each line')
    const { user, system } = process.cpuUsage(before)
    return { values, cpuMs: Math.round((user + system) / 1000) }
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}
