/** A node of no network that takes every store, verifies it and forgets it: what uploading costs this machine without a network. */
import { assert } from '../../src/base/assert.ts'
import { EMPTY, type Bytes } from '../../src/base/bytes.ts'
import { decodeHeader, stripeId, verifyFragment } from '../../src/coding/stripe.ts'
import { TESTNET } from '../../src/daemon/networks.ts'
import { identityFromSeed } from '../../src/drivers/nodeIdentity.ts'
import { NodePrimitives } from '../../src/drivers/nodePrimitives.ts'
import { SystemClock } from '../../src/drivers/systemClock.ts'
import { TlsTransport } from '../../src/drivers/tlsTransport.ts'
import { PeerNetwork } from '../../src/wire/peerNetwork.ts'

const primitives = new NodePrimitives()
const identity = identityFromSeed(primitives, new Uint8Array(32).fill(78))
const transport = new TlsTransport({ identity, primitives, host: '127.0.0.1', port: 0 })
const network = new PeerNetwork({ clock: new SystemClock(), transport, id: identity.id, networkName: TESTNET })
network.serve('store', ({ header, fragments, body = [] }) => {
  const decoded = decodeHeader(header)
  assert(decoded.ok, 'a sound header')
  const stripe = stripeId(primitives, decoded.value)
  for (const [at, { index, proof }] of fragments.entries()) {
    const data = (body[at] ?? EMPTY) as Bytes
    assert(verifyFragment(primitives, stripe, { header: decoded.value, index, proof, data }).ok, 'a sound fragment')
  }
  return { expiresMs: 1, publicKey: new Uint8Array(32), signature: new Uint8Array(64) }
})
await network.start({ onPeer: () => undefined, onPeerLost: () => undefined })
process.once('disconnect', () => void network.close())
process.send?.(network.self)
