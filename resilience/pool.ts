/** Runs jobs in child processes, a fixed number side by side. A child measures one job after another until none is left. */
import { fork, type ChildProcess } from 'node:child_process'
import { jobKey, type Job } from './plan.ts'

export interface Measurement {
  /** One for each line of the job's group. */
  readonly values: readonly number[]
  readonly cpuMs: number
}

/** What a child sends for a job. */
export type Answer = Measurement | { readonly error: string }

export type OnMeasured = (job: Job, measurement: Measurement, doneCount: number) => void

/** Simulated worlds of 100,000 nodes outgrow the default heap. */
const HEAP_MIB = 12_288
/** Requests under way outlive many collections of a small young generation. */
const YOUNG_MIB = 64

/** The measurements by {@link jobKey}. Rejects with the first failure, with every child ended. */
export async function measureAll(
  jobs: readonly Job[],
  parallel: number,
  onMeasured: OnMeasured,
): Promise<ReadonlyMap<string, Measurement>> {
  const measured = new Map<string, Measurement>()
  const queue = [...jobs]
  const lane = async (): Promise<void> => {
    await using child = spawnChild()
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      const measurement = await child.measure(job)
      measured.set(jobKey(job), measurement)
      onMeasured(job, measurement, measured.size)
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(parallel, jobs.length) }, lane))
  } finally {
    queue.length = 0
  }
  return measured
}

interface Child extends AsyncDisposable {
  measure(job: Job): Promise<Measurement>
}

function spawnChild(): Child {
  const child = fork(new URL('worker.ts', import.meta.url), {
    execArgv: [`--max-old-space-size=${HEAP_MIB}`, `--max-semi-space-size=${YOUNG_MIB}`],
  })
  return {
    measure: (job) => ask(child, job),
    [Symbol.asyncDispose]: async () => {
      child.kill()
    },
  }
}

function ask(child: ChildProcess, job: Job): Promise<Measurement> {
  return new Promise((resolve, reject) => {
    const failed = (why: string): void => {
      reject(new Error(`${jobKey(job)} (seed ${job.seed}, ${job.size.nodes} nodes): ${why}`))
    }
    const onExit = (code: number | null, signal: string | null): void => {
      failed(`the process ended (${signal ?? code ?? 'unknown'})`)
    }
    child.once('exit', onExit)
    child.once('message', (answer: Answer) => {
      child.off('exit', onExit)
      if ('error' in answer) failed(answer.error)
      else resolve(answer)
    })
    child.send(job)
  })
}
