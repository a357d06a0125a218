/** The MemoryHard port on node:crypto (OpenSSL), in its thread pool. */
import * as crypto from 'node:crypto'
import type { Bytes } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import type { Argon2idInput, MemoryHard } from '../ports/memoryHard.ts'

type Argon2 = typeof crypto.argon2

/** Not imported by name: a module that older versions lack one name of would not load at all, in networks without a puzzle either. */
const { argon2: ARGON2 } = crypto as { readonly argon2?: Argon2 }

export class NodeMemoryHard implements MemoryHard {
  private readonly argon2: Argon2 | undefined

  /** `argon2`: node:crypto's, which has one since 24.7 where OpenSSL is 3.2 or newer; undefined in an older one. */
  constructor({ argon2 }: { readonly argon2?: Argon2 | undefined } = { argon2: ARGON2 }) {
    this.argon2 = argon2
  }

  argon2id({ password, salt, memoryKib, passes, lanes, tagBytes, ...rest }: Argon2idInput): Promise<Bytes> {
    const { argon2 } = this
    const work = { memory: memoryKib, passes, parallelism: lanes, tagLength: tagBytes }
    return new Promise((resolve, reject) => {
      if (argon2 === undefined) throw lacking()
      argon2('argon2id', { message: password, nonce: salt, ...work, ...rest }, (error, tag) => {
        if (error === null) resolve(new Uint8Array(tag))
        else reject(incomputable(memoryKib, error))
      })
    })
  }
}

function lacking(): Failure {
  const message =
    `this Node.js (${process.version}) has no Argon2, with which this network makes ids; ` +
    'run Node.js 24.7 or newer, or join a network without a puzzle (--puzzle none)'
  return new Failure('refused', message)
}

function incomputable(memoryKib: number, cause: Error): Failure {
  const message = `an id cannot be computed: Argon2 failed; are ${String(memoryKib)} KiB of memory free?`
  return new Failure('refused', message, { cause })
}
