/** A set of objects that are put, replaced, read by random nodes and compared, all the time. */
import { KIB, MIB, SECOND } from '../src/base/units.ts'
import type { SeededRandom } from '../src/sim/seededRandom.ts'
import { content, ProblemError } from '../test/nodeClient.ts'
import { pick, type Fleet } from './fleet.ts'
import type { Spell } from './spell.ts'

const OBJECT_BYTES = [KIB, 4 * KIB + 1, 64 * KIB, 500_000, 2 * MIB, 8 * MIB, 17 * MIB, 32 * MIB]
const WARM_UP_BYTES = 32 * MIB
const OBJECTS_MAX = 2 * OBJECT_BYTES.length
const REPLACE_EVERY_MS = 20 * SECOND
const BREATH_MS = 200
const READERS = 3
/** After everything is healed an object is lost that cannot be read in so many tries. */
const LAST_TRIES = 6
const LAST_TRY_EVERY_MS = 10 * SECOND

interface Kept {
  readonly link: string
  readonly bytes: number
  readonly sha256: string
  /** Who may have it released, as long as its disk is not replaced. */
  readonly putter: number
  /** How many read it now. */
  readers: number
}

export class Traffic {
  readonly counts = { puts: 0, reads: 0, wrong: 0, disturbed: 0, lost: 0 }
  /** Calls that nothing disturbed and that failed, by code. */
  readonly failures: Record<string, number> = {}
  private readonly fleet: Fleet
  private readonly random: SeededRandom
  private readonly kept: Kept[] = []
  private putCount = 0

  constructor(fleet: Fleet, random: SeededRandom) {
    this.fleet = fleet
    this.random = random
  }

  get objectCount(): number {
    return this.kept.length
  }

  /**
   * Every node puts, reads and releases once what takes most of it. Else one that first puts late in a run would seem to leak: from then
   * on it has the buffers and the heap for it.
   */
  async warmUp(): Promise<void> {
    for (let index = 0; index < this.fleet.size; index++) {
      const client = this.fleet.client(index)
      const { link } = await client.put(content(WARM_UP_BYTES, index).source)
      await client.get(link)
      await client.release(link)
    }
  }

  /** Until the spell ends; settles when no call is under way. */
  async run(spell: Spell): Promise<void> {
    await Promise.all([this.putOnAndOn(spell), ...Array.from({ length: READERS }, () => this.readOnAndOn(spell))])
  }

  /** The share of nodes that may vanish now without any object being lost, as the network says; 0 when it cannot. */
  async survivableShare(): Promise<number> {
    const node = this.fleet.anyone(this.random)
    const healths = this.kept.map(({ link }) => this.fleet.client(node).health(link))
    return Promise.all(healths).then(
      (all) => Math.min(1, ...all.map(({ survivesNow }) => survivesNow)),
      () => 0,
    )
  }

  /** Reads everything once more; what cannot be read any more is lost. */
  async readAll(): Promise<void> {
    for (const object of this.kept) {
      if (!(await this.isReadable(object))) this.counts.lost++
    }
  }

  private async isReadable(object: Kept): Promise<boolean> {
    for (let tries = 1; tries <= LAST_TRIES; tries++) {
      if (await this.read(object)) return true
      await new Promise((resolve) => setTimeout(resolve, LAST_TRY_EVERY_MS))
    }
    return false
  }

  private async putOnAndOn(spell: Spell): Promise<void> {
    const isFull = (): boolean => this.kept.length >= OBJECTS_MAX
    while (await spell.sleep(isFull() ? REPLACE_EVERY_MS : BREATH_MS)) {
      const object = await this.put(this.putCount++)
      if (object === undefined) continue
      const [old] = isFull() ? this.kept.splice(this.random.integer(this.kept.length), 1) : []
      this.kept.push(object)
      if (old !== undefined) await this.release(old, spell)
    }
  }

  private async readOnAndOn(spell: Spell): Promise<void> {
    while (await spell.sleep(BREATH_MS)) {
      if (this.kept.length > 0) await this.readOne(pick(this.kept, this.random))
    }
  }

  private async readOne(object: Kept): Promise<void> {
    object.readers++
    await this.read(object)
    object.readers--
  }

  /** So that disks do not fill. What cannot be released, because a fault has hold of who put it, stays until its lease ends. */
  private async release(object: Kept, spell: Spell): Promise<void> {
    const { link, putter } = object
    while (object.readers > 0) if (!(await spell.sleep(BREATH_MS))) return
    if (!this.fleet.isImpaired(putter))
      await this.fleet
        .client(putter)
        .release(link)
        .catch(() => undefined)
  }

  /** What is put without an acknowledgement was promised by nobody. */
  private async put(count: number): Promise<Kept | undefined> {
    const bytes = OBJECT_BYTES[count % OBJECT_BYTES.length] ?? KIB
    const { source, sha256 } = content(bytes, count)
    let putter = 0
    const answer = await this.undisturbed('put', (node) => {
      putter = node
      return this.fleet.client(node).put(source)
    })
    if (answer === undefined) return undefined
    this.counts.puts++
    return { link: answer.link, bytes, sha256: sha256(), putter, readers: 0 }
  }

  /** Whether the object came back, rightly or wrongly. */
  private async read({ link, bytes, sha256 }: Kept): Promise<boolean> {
    const answer = await this.undisturbed('read', (node) => this.fleet.client(node).get(link))
    if (answer === undefined) return false
    this.counts.reads++
    if (answer.sha256 !== sha256 || answer.bytes !== bytes) this.counts.wrong++
    return true
  }

  private async undisturbed<T>(what: string, call: (node: number) => Promise<T>): Promise<T | undefined> {
    const node = this.fleet.anyone(this.random)
    const faults = this.fleet.faultsOf(node)
    try {
      return await call(node)
    } catch (error) {
      if (this.fleet.faultsOf(node) !== faults) this.counts.disturbed++
      else this.onFailure(`${what}: ${error instanceof ProblemError ? error.code : nameOf(error)}`)
      return undefined
    }
  }

  private onFailure(name: string): void {
    this.failures[name] = (this.failures[name] ?? 0) + 1
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown'
}
