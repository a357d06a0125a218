/**
 * What a Network over connections must do with a peer that breaks the rules of docs/format/wire.md: end the connection where the
 * page says so, go on where it does not, and let no other peer feel any of it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concat, fromHex, utf8, type Bytes } from '../../base/bytes.ts'
import type { NodeId } from '../../base/id.ts'
import { MINUTE } from '../../base/units.ts'
import type { Channel, Connection, Contact, Transport } from '../../ports/connection.ts'
import { packEnvelope, unpackEnvelope, type Envelope, type EnvelopeType } from '../../wire/envelope.ts'
import { CONNECTIONS_PER_PEER_MAX, DIAL_MS, HEAD_BYTES_MAX, INBOUND_REQUESTS_MAX } from '../../wire/limits.ts'
import { packRequest, unpackRefusal } from '../../wire/messageCodec.ts'
import { helloSchema, PROTOCOL_VERSION, type Hello } from '../../wire/messages.ts'
import { encodeAs } from '../../wire/schema.ts'
import { failure, NetworkBench, type NetworkRig, type Party } from './network.ts'

/** A place where networks can be met at the level of frames. */
export interface ConnectedRig extends NetworkRig {
  /** What the networks made here are called. */
  readonly networkName: string
  /** A proven identity whose frames the test writes itself. */
  stranger(): Promise<{ readonly id: NodeId; readonly transport: Transport }>
}

const OPTIONS = { timeoutMs: MINUTE }
const PING = packRequest('ping', {}).head

export function hostilePeerSuite(name: string, setup: () => Promise<ConnectedRig>): void {
  /** After each behaviour the victim and a bystander still talk, over the connection they had. */
  const check = (behaviour: string, body: (scene: Scene) => Promise<void>): void => {
    void test(`${name}: ${behaviour}`, async () => {
      const bench = new NetworkBench(await setup())
      const scene = new Scene(bench, await bench.party(), await bench.party(), await bench.rig.stranger())
      try {
        await scene.bystanderAsks()
        await body(scene)
        await scene.bystanderAsks()
        assert.deepEqual(scene.bystander.seen, [`met ${scene.victim.contact.id}`])
      } finally {
        await bench.settle(scene.stranger.transport.close())
        await bench.dispose()
      }
    })
  }

  check('a peer that keeps the rules is answered', async (scene) => {
    const end = await scene.greeted()
    end.send('request', 7, PING)
    const reply = await scene.next(end)
    assert.deepEqual([reply.type, reply.requestId], ['reply', 7])
  })

  for (const type of ['request', 'reply', 'refusal', 'cancel', 'goodbye', 'leave'] as const) {
    check(`a ${type} before the hello ends the connection`, async (scene) => {
      const end = await scene.connect()
      end.send(type, ['goodbye', 'leave'].includes(type) ? 0 : 1, type === 'request' ? PING : undefined)
      await scene.settle(end.closed)
      assert.deepEqual(scene.victim.seen.slice(1), [])
    })
  }

  check('a second hello ends the connection', async (scene) => {
    const end = await scene.greeted()
    end.sayHello()
    await scene.settle(end.closed)
  })

  for (const [what, change] of [
    ['another network’s name', { network: 'test2' }],
    ['a longer network’s name', { network: 'test\0' }],
    ['a puzzle for ids where there is none', { puzzle: { memoryKib: 64, passes: 1, difficultyBits: 2 } }],
    ['only later versions', { versionMin: PROTOCOL_VERSION + 1, versionMax: PROTOCOL_VERSION + 9 }],
    ['only earlier versions', { versionMin: 0, versionMax: PROTOCOL_VERSION - 1 }],
  ] as const) {
    check(`a hello with ${what} ends the connection before the peer is met`, async (scene) => {
      const end = await scene.connect()
      end.sayHello(change)
      await scene.settle(end.closed)
      assert.deepEqual(scene.victim.seen.slice(1), [])
    })
  }

  check('a hello that speaks later versions too is welcome', async (scene) => {
    const end = await scene.connect()
    end.sayHello({ versionMax: PROTOCOL_VERSION + 1 })
    end.send('request', 1, PING)
    assert.equal((await scene.next(end)).type, 'hello')
    assert.equal((await scene.next(end)).type, 'reply')
  })

  check('a peer that says no hello is not waited for', async (scene) => {
    const end = await scene.connect()
    assert.equal((await scene.next(end)).type, 'hello')
    await scene.bench.rig.pass(2 * DIAL_MS)
    await scene.settle(end.closed)
  })

  check('a frame that cannot be read ends the connection', async (scene) => {
    const helloOf = (head: Bytes): Bytes => concat(...packEnvelope('hello', 0, head))
    const malformed: readonly Bytes[] = [
      new Uint8Array(0),
      Uint8Array.of(2, 0, 0, 0, 1, 0, 0, 0),
      Uint8Array.of(9, 0, 0, 0, 1, 0, 0, 0, 0),
      Uint8Array.of(2, 0, 0, 0, 1, 0, 0, 0, 9, 0x80),
      Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 1, 0x80),
      utf8('GET / HTTP/1.1\r\n\r\n'),
    ]
    for (const frame of malformed) {
      const end = await scene.greeted()
      end.connection.send([frame])
      await scene.settle(end.closed)
    }
    for (const head of ['', '80', 'ff', '8501016161', '850101623d3d80f6ff', '85010161ff80f6']) {
      const end = await scene.connect()
      end.connection.send([helloOf(fromHex(head) as Bytes)])
      await scene.settle(end.closed)
    }
  })

  check('a head above its bound ends the connection', async (scene) => {
    const end = await scene.greeted()
    const frame = new Uint8Array(9 + HEAD_BYTES_MAX + 1)
    frame.set([2, 0, 0, 0, 1])
    new DataView(frame.buffer).setUint32(5, HEAD_BYTES_MAX + 1)
    end.connection.send([frame])
    await scene.settle(end.closed)
  })

  check('a request that cannot be read is refused as invalid, and the next one answered', async (scene) => {
    const end = await scene.greeted()
    for (const [at, head] of ['', 'ff', '80', '83030080', '8303808080', '83018000', '8301808101'].entries()) {
      end.send('request', at + 1, fromHex(head))
      const refusal = await scene.next(end)
      assert.deepEqual([refusal.type, refusal.requestId, codeOf(refusal)], ['refusal', at + 1, 'invalid'])
    }
    end.send('request', 99, PING)
    assert.equal((await scene.next(end)).type, 'reply')
  })

  check('a request id that is still in use ends the connection and the work', async (scene) => {
    const work = scene.victim.holdFinds()
    const end = await scene.greeted()
    end.send('request', 1, FIND)
    const { signal } = await scene.settle(work.next())
    end.send('request', 1, PING)
    await scene.settle(end.closed)
    assert.ok(signal.aborted)
  })

  check('more requests than are worked on at once are refused as busy, until some are done', async (scene) => {
    const work = scene.victim.holdFinds()
    const end = await scene.greeted()
    for (let nth = 1; nth <= INBOUND_REQUESTS_MAX + 2; nth++) end.send('request', nth, FIND)
    const refusals = [await scene.next(end), await scene.next(end)]
    assert.deepEqual(refusals.map(codeOf), ['busy', 'busy'])
    assert.deepEqual(
      refusals.map(({ requestId }) => requestId),
      [INBOUND_REQUESTS_MAX + 1, INBOUND_REQUESTS_MAX + 2],
    )
    const first = await scene.settle(work.next())
    first.resolve({ contacts: [] })
    assert.deepEqual([(await scene.next(end)).type, end.taken], ['reply', 4])
    end.send('request', 1, PING)
    assert.equal((await scene.next(end)).type, 'reply')
  })

  check('what was cancelled is answered no more, and its id is free once its handler is done', async (scene) => {
    const work = scene.victim.holdFinds()
    const end = await scene.greeted()
    end.send('request', 1, FIND)
    end.send('cancel', 1)
    end.send('cancel', 2)
    const held = await scene.settle(work.next())
    held.resolve({ contacts: [] })
    await scene.bystanderAsks()
    end.send('request', 1, PING)
    assert.deepEqual((await scene.next(end)).head, fromHex('828080'))
  })

  check('replies and refusals that nobody waits for are passed over', async (scene) => {
    const end = await scene.greeted()
    for (const requestId of [1, 2, 0xffffffff]) {
      end.send('reply', requestId, PING)
      end.send('refusal', requestId, PING)
    }
    end.send('request', 1, PING)
    assert.equal((await scene.next(end)).type, 'reply')
  })

  for (const [what, type, head] of [
    ['a reply that cannot be read', 'reply', '8281ff80'],
    ['a reply of another kind', 'reply', '828080'],
    ['a refusal that cannot be read', 'refusal', '80'],
    ['a refusal with an unknown code', 'refusal', '826161617a'],
  ] as const) {
    check(`${what} fails its request as damaged, and nothing else`, async (scene) => {
      const end = await scene.greeted()
      end.send('request', 1, PING)
      assert.equal((await scene.next(end)).type, 'reply')
      const request = scene.victim.network.request(
        scene.strangerContact,
        'find',
        { target: scene.stranger.id },
        OPTIONS,
      )
      const failed = failure(request, 'damaged')
      const { requestId } = await scene.next(end)
      end.send(type, requestId, fromHex(head))
      await scene.settle(failed)
      end.send('request', 1, PING)
      assert.equal((await scene.next(end)).type, 'reply')
    })
  }

  check('after goodbye and after leave nothing is taken from the peer any more', async (scene) => {
    const heard: string[] = []
    for (const farewell of ['goodbye', 'leave'] as const) {
      scene.victim.network.serve('ping', (_, from) => {
        if (from.id === scene.stranger.id) heard.push(farewell)
        return {}
      })
      const end = await scene.greeted()
      end.send(farewell, 0)
      end.send('request', 1, PING)
      await scene.settle(end.closed)
    }
    await scene.bystanderAsks()
    assert.deepEqual(heard, [])
    const { id } = scene.stranger
    assert.deepEqual(scene.victim.seen.slice(1), [`met ${id}`, `met ${id}`, `lost ${id}`])
  })

  check('of too many connections with one peer the oldest ends', async (scene) => {
    const ends: End[] = []
    for (let nth = 0; nth <= CONNECTIONS_PER_PEER_MAX; nth++) ends.push(await scene.greeted())
    await scene.settle(ends[0]!.closed)
    for (const end of ends.slice(1)) {
      end.send('request', 1, PING)
      assert.equal((await scene.next(end)).type, 'reply')
    }
  })
}

const FIND = packRequest('find', { target: 'ab'.repeat(32) as NodeId }).head

function codeOf(envelope: Envelope): string {
  const refusal = unpackRefusal(envelope.head)
  return refusal.ok ? refusal.value.code : refusal.error
}

class Scene {
  readonly bench: NetworkBench<ConnectedRig>
  readonly victim: Party
  readonly bystander: Party
  readonly stranger: { readonly id: NodeId; readonly transport: Transport }

  constructor(bench: NetworkBench<ConnectedRig>, victim: Party, bystander: Party, stranger: Scene['stranger']) {
    this.bench = bench
    this.victim = victim
    this.bystander = bystander
    this.stranger = stranger
  }

  /** The victim finds the stranger by the connection that stands. */
  get strangerContact(): Contact {
    return { id: this.stranger.id, addresses: [] }
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.bench.settle(promise)
  }

  async bystanderAsks(): Promise<void> {
    await this.settle(this.bystander.network.request(this.victim.contact, 'ping', {}, OPTIONS))
  }

  async connect(channel: Channel = 'control'): Promise<End> {
    const { signal } = new AbortController()
    const dial = this.stranger.transport.dial(this.victim.contact, channel, signal)
    return this.settle(dial.then((connection) => new End(connection, this.bench.rig.networkName)))
  }

  /** A connection on which both hellos are exchanged. */
  async greeted(): Promise<End> {
    const end = await this.connect()
    end.sayHello()
    assert.equal((await this.next(end)).type, 'hello')
    return end
  }

  next(end: End): Promise<Envelope> {
    return this.settle(end.next())
  }
}

/** The stranger's end of a connection. */
class End {
  readonly connection: Connection
  readonly closed: Promise<string>
  taken = 0
  private readonly networkName: string
  private readonly frames: Envelope[] = []
  private readonly waiting: ((envelope: Envelope) => void)[] = []

  constructor(connection: Connection, networkName: string) {
    this.connection = connection
    this.networkName = networkName
    this.closed = new Promise((resolve) => {
      connection.onClose = resolve
    })
    connection.onFrame = (frame) => {
      const envelope = unpackEnvelope(frame)
      assert.ok(envelope.ok)
      const taker = this.waiting.shift()
      if (taker === undefined) this.frames.push(envelope.value)
      else taker(envelope.value)
    }
  }

  sayHello(change: Partial<Hello> = {}): void {
    const version = { versionMin: PROTOCOL_VERSION, versionMax: PROTOCOL_VERSION }
    const hello = { ...version, network: this.networkName, addresses: [], puzzle: undefined, ...change }
    this.send('hello', 0, encodeAs(helloSchema, hello))
  }

  send(type: EnvelopeType, requestId: number, head?: Bytes): void {
    this.connection.send(packEnvelope(type, requestId, head))
  }

  next(): Promise<Envelope> {
    this.taken++
    const envelope = this.frames.shift()
    return envelope === undefined ? new Promise((resolve) => this.waiting.push(resolve)) : Promise.resolve(envelope)
  }
}
