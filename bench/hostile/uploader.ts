/**
 * The hostile uploader: an identity of its own that sends valid fragments over the one connection it has with each target, at a pace or
 * as fast as they are answered. It belongs to no table, for it gives no address, and makes its stripes beforehand, so that its own
 * work is little beside that of its targets.
 */
import { present } from '../../src/base/assert.ts'
import { isFailure } from '../../src/base/failure.ts'
import { DAY, KIB, MIB, SECOND } from '../../src/base/units.ts'
import { InlineCoder } from '../../src/coding/inlineCoder.ts'
import { encodeHeader } from '../../src/coding/stripe.ts'
import { TESTNET } from '../../src/daemon/networks.ts'
import { identityFromSeed } from '../../src/drivers/nodeIdentity.ts'
import { NodePrimitives } from '../../src/drivers/nodePrimitives.ts'
import { SystemClock } from '../../src/drivers/systemClock.ts'
import { TlsTransport } from '../../src/drivers/tlsTransport.ts'
import type { Contact } from '../../src/ports/connection.ts'
import type { Messages } from '../../src/wire/messages.ts'
import { PeerNetwork } from '../../src/wire/peerNetwork.ts'
import type { Attack, AttackCounts } from './processes.ts'

type Store = Messages['store']['request']

/** As a put sends them: two fragments of 256 KiB. */
const CODE = { needed: 64, total: 192 }
const FRAGMENTS = 2
const STORE_BYTES = FRAGMENTS * 256 * KIB
/** Under way with each target where there is no pace. */
const IN_FLIGHT = 4
const STORE_MS = 15 * SECOND

const primitives = new NodePrimitives()
const identity = identityFromSeed(primitives, new Uint8Array(32).fill(77))
const transport = new TlsTransport({ identity, primitives, host: '127.0.0.1', port: 0 })
const network = new PeerNetwork({ clock: new SystemClock(), transport, id: identity.id, networkName: TESTNET })
const offers = await preparedOffers()
const counts = { taken: 0, takenBytes: 0, refused: 0, refusedBytes: 0 }
let attacking = new AbortController()

process.on('message', (question: Attack | 'counts') => {
  if (question !== 'counts') begin(question)
  process.send?.(counts satisfies AttackCounts)
})
process.once('disconnect', () => {
  attacking.abort()
  void network.close()
})
process.send?.('ready')

function begin({ targets, bytesPerSecond }: Attack): void {
  attacking.abort()
  attacking = new AbortController()
  for (const target of targets) {
    if (bytesPerSecond === 0) for (let lane = 0; lane < IN_FLIGHT; lane++) void press(target, attacking.signal)
    else void pace(target, bytesPerSecond, attacking.signal)
  }
}

async function press(target: Contact, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await store(target, signal)
}

/** A request whenever one is due, however many are under way: whoever is not answered does not wait. */
async function pace(target: Contact, bytesPerSecond: number, signal: AbortSignal): Promise<void> {
  const everyMs = (STORE_BYTES / bytesPerSecond) * SECOND
  for (let dueMs = performance.now(); !signal.aborted; dueMs += everyMs) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())))
    void store(target, signal)
  }
}

async function store(target: Contact, signal: AbortSignal): Promise<void> {
  const offer = present(offers[Math.floor(Math.random() * offers.length)], 'an offer')
  try {
    await network.request(target, 'store', offer, { timeoutMs: STORE_MS, signal })
    counts.taken++
    counts.takenBytes += STORE_BYTES
  } catch (error) {
    if (!isFailure(error)) throw error
    if (signal.aborted) return
    counts.refused++
    counts.refusedBytes += STORE_BYTES
  }
}

/** All fragments of one stripe, two by two. Sent again and again they cost a target as much as new ones: it writes them anew. */
async function preparedOffers(): Promise<readonly Store[]> {
  const plain = new Uint8Array(16 * MIB).fill(7)
  const { header, fragments, proofs } = await new InlineCoder(primitives).encode({
    plain,
    key: new Uint8Array(32).fill(9),
    code: CODE,
  })
  return Array.from({ length: CODE.total / FRAGMENTS }, (_, nth) => {
    const indices = Array.from({ length: FRAGMENTS }, (_, at) => nth * FRAGMENTS + at)
    return {
      header: encodeHeader(header),
      region: 0,
      fragments: indices.map((index) => ({ index, proof: present(proofs[index], 'a proof') })),
      leaseMs: DAY,
      owner: undefined,
      body: indices.map((index) => present(fragments[index], 'a fragment')),
    }
  })
}
