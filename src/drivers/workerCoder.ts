/**
 * The Coder port on a small pool of threads, so that coding a segment does not stop a node from answering. Threads start when there
 * is work, end when there has been none for a while, and never keep the process alive.
 */
import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { AssertionFailed, present } from '../base/assert.ts'
import type { Bytes } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import { deferred, type Deferred } from '../base/signals.ts'
import { InlineCoder } from '../coding/inlineCoder.ts'
import type { Coder, DecodeJob, EncodedStripe, EncodeJob, SliceJob } from '../ports/coder.ts'
import { buffersUnder, inOneBuffer, type CoderOutcome, type CoderTask } from './coderMessages.ts'
import { CODER_IDLE_MS, CODER_INLINE_BYTES_MAX, CODER_JOBS_QUEUED_MAX, CODER_WORKERS_MAX } from './limits.ts'
import { NodePrimitives } from './nodePrimitives.ts'

/** Beside this file, with its extension: `.ts` in development, `.js` once built. */
const WORKER_FILE = new URL(`coderWorker${extname(import.meta.url)}`, import.meta.url)

interface Job extends Deferred<EncodedStripe | Bytes> {
  readonly task: CoderTask
  readonly transfer: ArrayBuffer[]
}

interface Thread {
  readonly worker: Worker
  job: Job | undefined
  idleTimer: NodeJS.Timeout | undefined
}

export interface WorkerCoderOptions {
  /** Threads at most; by default one less than the machine has cores, within 1 .. 4. */
  readonly threadCount?: number
}

export class WorkerCoder implements Coder {
  private readonly threadCountMax: number
  private readonly inline = new InlineCoder(new NodePrimitives())
  private readonly threads = new Set<Thread>()
  private readonly queue: Job[] = []
  private closed = false

  constructor(options: WorkerCoderOptions = {}) {
    const spareCores = Math.max(1, availableParallelism() - 1)
    this.threadCountMax = options.threadCount ?? Math.min(CODER_WORKERS_MAX, spareCores)
  }

  async encode(job: EncodeJob): Promise<EncodedStripe> {
    if (job.plain.length <= CODER_INLINE_BYTES_MAX && !this.closed) return this.inline.encode(job)
    // A view of a larger buffer is copied: transferring would take the rest away from its owner.
    const ownsBuffer = job.plain.length === job.plain.buffer.byteLength
    const plain = ownsBuffer ? job.plain : new Uint8Array(job.plain)
    const stripe = await this.run({ kind: 'encode', job: { ...job, plain } }, [plain.buffer])
    return stripe as EncodedStripe
  }

  async decode(job: DecodeJob): Promise<Bytes> {
    if (job.header.segmentBytes <= CODER_INLINE_BYTES_MAX && !this.closed) return this.inline.decode(job)
    const detached = detach(job)
    return (await this.run({ kind: 'decode', job: detached.job }, detached.transfer)) as Bytes
  }

  async rebuild(job: DecodeJob): Promise<EncodedStripe> {
    if (job.header.segmentBytes <= CODER_INLINE_BYTES_MAX && !this.closed) return this.inline.rebuild(job)
    const detached = detach(job)
    return (await this.run({ kind: 'rebuild', job: detached.job }, detached.transfer)) as EncodedStripe
  }

  /** A few kilobytes: not worth a thread. */
  agreeing(job: SliceJob): Promise<readonly number[] | undefined> {
    return this.inline.agreeing(job)
  }

  /** Jobs that have not finished reject with `closed`; settles when no thread is left. */
  async close(): Promise<void> {
    this.closed = true
    for (const job of this.queue.splice(0)) job.reject(closedFailure())
    await Promise.all([...this.threads].map((thread) => this.end(thread, closedFailure())))
  }

  private run(task: CoderTask, transfer: ArrayBuffer[]): Promise<EncodedStripe | Bytes> {
    if (this.closed) return Promise.reject(closedFailure())
    if (this.queue.length >= CODER_JOBS_QUEUED_MAX) {
      return Promise.reject(new Failure('refused', 'too many segments wait to be coded; try again when some are done'))
    }
    const job: Job = { ...deferred<EncodedStripe | Bytes>(), task, transfer }
    this.queue.push(job)
    this.assign()
    return job.promise
  }

  private assign(): void {
    for (;;) {
      const thread = this.queue.length > 0 ? this.freeThread() : undefined
      if (thread === undefined) return
      const job = present(this.queue.shift(), 'a queue with jobs')
      thread.job = job
      clearTimeout(thread.idleTimer)
      thread.worker.ref()
      thread.worker.postMessage(job.task, job.transfer)
    }
  }

  private freeThread(): Thread | undefined {
    for (const thread of this.threads) if (thread.job === undefined) return thread
    return this.threads.size < this.threadCountMax ? this.startThread() : undefined
  }

  private startThread(): Thread {
    const worker = new Worker(WORKER_FILE)
    const thread: Thread = { worker, job: undefined, idleTimer: undefined }
    worker.on('message', (outcome: CoderOutcome) => this.onOutcome(thread, outcome))
    worker.on('error', (error) => void this.end(thread, endedFailure(error)))
    worker.on('exit', () => void this.end(thread, endedFailure(undefined)))
    this.threads.add(thread)
    return thread
  }

  private onOutcome(thread: Thread, outcome: CoderOutcome): void {
    const { job } = thread
    thread.job = undefined
    thread.worker.unref()
    thread.idleTimer = setTimeout(() => void this.end(thread, closedFailure()), CODER_IDLE_MS).unref()
    if (job !== undefined) settle(job, outcome)
    this.assign()
  }

  /** Ends a thread, or notes that it has ended; others, or a new one, take what is queued. */
  private async end(thread: Thread, failure: Failure): Promise<void> {
    clearTimeout(thread.idleTimer)
    this.threads.delete(thread)
    thread.job?.reject(failure)
    thread.job = undefined
    if (!this.closed) this.assign()
    await thread.worker.terminate()
  }
}

function settle(job: Job, outcome: CoderOutcome): void {
  switch (outcome.kind) {
    case 'done':
      job.resolve(outcome.value)
      break
    case 'failed':
      job.reject(new Failure(outcome.code, outcome.message))
      break
    case 'broken':
      job.reject(new AssertionFailed(outcome.message))
  }
}

/** The job on a buffer of its own: its fragments are views of whole frames, which a message would copy entirely. */
function detach(job: DecodeJob): { readonly job: DecodeJob; readonly transfer: ArrayBuffer[] } {
  const own = inOneBuffer(job.fragments.map(({ data }) => data))
  const fragments = own.map((data, at) => ({ index: job.fragments[at]?.index ?? -1, data }))
  return { job: { ...job, fragments }, transfer: buffersUnder(own) }
}

function closedFailure(): Failure {
  return new Failure('closed', 'this coder is closed')
}

function endedFailure(cause: unknown): Failure {
  return new Failure('refused', 'a coding thread ended in the middle of its job; the job may be tried again', { cause })
}
