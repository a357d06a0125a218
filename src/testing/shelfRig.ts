/** A shelf over a disk in memory and virtual time, with stripes to put on it: for tests of what looks after what is kept. */
import { present } from '../base/assert.ts'
import { writeU32, type Bytes } from '../base/bytes.ts'
import { ReferenceKernel } from '../coding/kernel/reference.ts'
import { encodeStripe } from '../coding/stripe.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import type { EncodedStripe } from '../ports/coder.ts'
import type { FragmentStore, Lease, StoredFragment } from '../ports/fragmentStore.ts'
import { MemoryFragmentStore, type FragmentDisk } from '../sim/memory/fragmentStore.ts'
import { SeededRandom } from '../sim/seededRandom.ts'
import { stepSettled } from '../sim/settle.ts'
import { VirtualClock } from '../sim/virtualClock.ts'
import { Admission } from '../storage/admission.ts'
import { Shelf } from '../storage/shelf.ts'
import { tinyId } from './tinyId.ts'

export class ShelfRig {
  readonly clock = new VirtualClock()
  readonly random = new SeededRandom(1)
  readonly primitives = new NodePrimitives()
  readonly disk: FragmentDisk = new Map()
  readonly store: FragmentStore
  readonly admission: Admission
  readonly shelf: Shelf
  private readonly controller = new AbortController()

  /** `alter` may put something between the shelf and its store. */
  constructor(options: { quotaBytes?: number; alter?: (store: FragmentStore) => FragmentStore } = {}) {
    const { quotaBytes, alter = (store: FragmentStore): FragmentStore => store } = options
    const quota = quotaBytes === undefined ? {} : { quotaBytes }
    this.store = alter(new MemoryFragmentStore({ disk: this.disk, ...quota }))
    this.admission = new Admission(quotaBytes)
    this.admission.onAllCounted()
    this.shelf = new Shelf(this.store, this.admission)
  }

  get ending(): AbortSignal {
    return this.controller.signal
  }

  /** The node stops. */
  end(): void {
    this.controller.abort()
  }

  /** Of which any one fragment has 100 bytes of data; another stripe for each number. */
  stripe(number: number): EncodedStripe {
    const plain = new Uint8Array(200)
    writeU32(plain, 0, number)
    const job = { plain, key: new Uint8Array(32), code: { needed: 2, total: 4 } }
    return encodeStripe(new ReferenceKernel(), this.primitives, job)
  }

  /** Keeps one fragment for `leaseMs` from now. */
  async keep(stripe: EncodedStripe, index: number, leaseMs: number): Promise<void> {
    const lease: Lease = { expiresMs: this.clock.now() + leaseMs, sender: tinyId(1), owner: undefined }
    await this.shelf.keep(stripe.id, [fragmentOf(stripe, index)], lease)
  }

  /** Changes a byte of a fragment on the disk, behind everybody's back. */
  rot(stripe: EncodedStripe, index: number): void {
    const byIndex = present(this.disk.get(stripe.id), 'the stripe is held')
    const { fragment, lease } = present(byIndex.get(index), 'the fragment is held')
    const data = fragment.data.slice()
    data[0] = present(data[0], 'data of at least a byte') ^ 1
    byIndex.set(index, { fragment: { ...fragment, data }, lease })
  }

  /** Lets time pass. */
  async run(durationMs: number): Promise<void> {
    const untilMs = this.clock.elapsedMs + durationMs
    await stepSettled(() => this.clock.nextMs() <= untilMs && this.clock.fireNext())
    this.clock.passTo(untilMs)
  }

  /** What the promise gives, while time passes. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settle = (): void => {
      isSettled = true
    }
    promise.then(settle, settle)
    await stepSettled(() => !isSettled && this.clock.fireNext())
    return promise
  }
}

export function fragmentOf({ id, header, fragments, proofs }: EncodedStripe, index: number): StoredFragment {
  return { stripe: id, header, index, proof: proofs[index] as Bytes, data: fragments[index] as Bytes }
}
