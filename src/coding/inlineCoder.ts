/** The Coder port where it is called: for small segments, simulated worlds, and inside the threads of a pool. */
import type { Bytes } from '../base/bytes.ts'
import type { Coder, DecodeJob, EncodedStripe, EncodeJob, SliceJob } from '../ports/coder.ts'
import type { Primitives } from '../ports/primitives.ts'
import { agreeingSlices } from './codeword.ts'
import { Kernel } from './kernel/kernel.ts'
import { decodeStripe, encodeStripe, rebuildStripe } from './stripe.ts'

export class InlineCoder implements Coder {
  private readonly kernel = new Kernel()
  private readonly primitives: Primitives

  constructor(primitives: Primitives) {
    this.primitives = primitives
  }

  async encode(job: EncodeJob): Promise<EncodedStripe> {
    return encodeStripe(this.kernel, this.primitives, job)
  }

  async decode(job: DecodeJob): Promise<Bytes> {
    return decodeStripe(this.kernel, this.primitives, job)
  }

  async rebuild(job: DecodeJob): Promise<EncodedStripe> {
    return rebuildStripe(this.kernel, this.primitives, job)
  }

  async agreeing(job: SliceJob): Promise<readonly number[] | undefined> {
    return agreeingSlices(this.kernel, job)
  }
}
