/** A fragment store that returns every fragment with a byte changed: a disk that rots, all of it at once. */
import type { Bytes } from '../base/bytes.ts'
import type { StripeId } from '../base/id.ts'
import type { FragmentStore, HeldStripe, Lease, StoredFragment, StoreUsage } from '../ports/fragmentStore.ts'

export class LyingFragmentStore implements FragmentStore {
  private readonly inner: FragmentStore

  constructor(inner: FragmentStore) {
    this.inner = inner
  }

  put(fragments: readonly StoredFragment[], lease: Lease): Promise<void> {
    return this.inner.put(fragments, lease)
  }

  async get(stripe: StripeId, index: number): Promise<StoredFragment | undefined> {
    const fragment = await this.inner.get(stripe, index)
    return fragment && { ...fragment, data: corrupted(fragment.data) }
  }

  held(stripe: StripeId): Promise<HeldStripe | undefined> {
    return this.inner.held(stripe)
  }

  list(options: { readonly after?: StripeId; readonly limit: number }): Promise<readonly HeldStripe[]> {
    return this.inner.list(options)
  }

  renew(stripe: StripeId, expiresMs: number): Promise<boolean> {
    return this.inner.renew(stripe, expiresMs)
  }

  delete(stripe: StripeId, index: number): Promise<void> {
    return this.inner.delete(stripe, index)
  }

  usage(): StoreUsage {
    return this.inner.usage()
  }

  close(): Promise<void> {
    return this.inner.close()
  }
}

function corrupted(data: Bytes): Bytes {
  const lie = data.slice()
  const at = lie.length >> 1
  if (lie.length > 0) lie[at] = (lie[at] as number) ^ 0xff
  return lie
}
