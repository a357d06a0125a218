/** A fragment store that from some moment on gives nothing back and says it has everything: the disk of a holder that saves on disks. */
import type { StripeId } from '../src/base/id.ts'
import type { FragmentStore, HeldStripe, Lease, StoredFragment, StoreUsage } from '../src/ports/fragmentStore.ts'

export class ForgetfulFragmentStore implements FragmentStore {
  private readonly inner: FragmentStore
  private readonly hasForgotten: () => boolean

  constructor(inner: FragmentStore, hasForgotten: () => boolean) {
    this.inner = inner
    this.hasForgotten = hasForgotten
  }

  put(fragments: readonly StoredFragment[], lease: Lease): Promise<void> {
    return this.inner.put(fragments, lease)
  }

  async get(stripe: StripeId, index: number): Promise<StoredFragment | undefined> {
    return this.hasForgotten() ? undefined : this.inner.get(stripe, index)
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
