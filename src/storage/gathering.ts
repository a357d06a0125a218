/**
 * Questions to one node that arise together travel in one message, so that asking about eight segments costs as many requests as
 * asking about one.
 */
import { deferred, type Deferred } from '../base/signals.ts'
import type { NodeId } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'

interface Waiting<Question, Answer> extends Deferred<Answer> {
  readonly question: Question
}

export class Gathering<Question, Answer> {
  private readonly questionsMax: number
  private readonly send: (contact: Contact, questions: readonly Question[]) => Promise<readonly Answer[]>
  private readonly gathering = new Map<NodeId, Waiting<Question, Answer>[]>()

  /** `send` asks up to `questionsMax` questions at once; its answers stand in their order. */
  constructor(
    questionsMax: number,
    send: (contact: Contact, questions: readonly Question[]) => Promise<readonly Answer[]>,
  ) {
    this.questionsMax = questionsMax
    this.send = send
  }

  /** Rejects as `send` does. */
  ask(contact: Contact, question: Question): Promise<Answer> {
    const waiting: Waiting<Question, Answer> = { ...deferred<Answer>(), question }
    const gathered = this.gathering.get(contact.id)
    if (gathered !== undefined && gathered.length < this.questionsMax) {
      gathered.push(waiting)
      return waiting.promise
    }
    const together = [waiting]
    this.gathering.set(contact.id, together)
    void this.sendTogether(contact, together)
    return waiting.promise
  }

  private async sendTogether(contact: Contact, together: readonly Waiting<Question, Answer>[]): Promise<void> {
    // One turn of the promise queue lets the questions of the same moment gather.
    await Promise.resolve()
    if (this.gathering.get(contact.id) === together) this.gathering.delete(contact.id)
    try {
      const answers = await this.send(
        contact,
        together.map(({ question }) => question),
      )
      for (const [at, each] of together.entries()) each.resolve(answers[at] as Answer)
    } catch (error) {
      for (const each of together) each.reject(error)
    }
  }
}
