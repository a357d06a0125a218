/** The thread behind the pooled coder: one task at a time, answered with its outcome. */
import { parentPort } from 'node:worker_threads'
import { present } from '../base/assert.ts'
import type { Bytes } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import { InlineCoder } from '../coding/inlineCoder.ts'
import type { EncodedStripe } from '../ports/coder.ts'
import { buffersUnder, inOneBuffer, type CoderOutcome, type CoderTask } from './coderMessages.ts'
import { NodePrimitives } from './nodePrimitives.ts'

const port = present(parentPort, 'this file runs as a worker thread')
const coder = new InlineCoder(new NodePrimitives())

port.on('message', (task: CoderTask) => {
  void outcomeOf(task).then((outcome) => {
    port.postMessage(outcome, transferable(outcome))
    release(task)
  })
})

/** Gives the task's memory back now: this thread makes so few objects that its collector would let it lie for long. */
function release({ job }: CoderTask): void {
  const given = 'plain' in job ? [job.plain] : job.fragments.map(({ data }) => data as Bytes)
  for (const buffer of buffersUnder(given)) buffer.transfer(0)
}

async function outcomeOf(task: CoderTask): Promise<CoderOutcome> {
  try {
    return { kind: 'done', value: await perform(task) }
  } catch (error) {
    if (error instanceof Failure) return { kind: 'failed', code: error.code, message: error.message }
    return { kind: 'broken', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

async function perform(task: CoderTask): Promise<EncodedStripe | Bytes> {
  switch (task.kind) {
    case 'encode':
      return packed(await coder.encode(task.job))
    case 'decode':
      return coder.decode(task.job)
    case 'rebuild':
      return packed(await coder.rebuild(task.job))
  }
}

/** Hundreds of proofs of a few hundred bytes travel faster as one buffer. */
function packed(stripe: EncodedStripe): EncodedStripe {
  return { ...stripe, proofs: inOneBuffer(stripe.proofs) }
}

function transferable(outcome: CoderOutcome): ArrayBuffer[] {
  if (outcome.kind !== 'done') return []
  const { value } = outcome
  return buffersUnder('fragments' in value ? [...value.fragments, ...value.proofs] : [value])
}
