/**
 * What every Transport must do. Runs on sockets and in the simulated world alike: nothing here waits for time to pass, and
 * `settle` drives a virtual clock where there is one.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../base/bytes.ts'
import { isFailure } from '../../base/failure.ts'
import type { NodeId } from '../../base/id.ts'
import { deferred } from '../../base/signals.ts'
import { KIB } from '../../base/units.ts'
import {
  FRAME_BYTES_MAX,
  type Address,
  type Channel,
  type Connection,
  type Contact,
  type Transport,
} from '../../ports/connection.ts'

/** A place where transports can reach each other. */
export interface TransportRig {
  /** A transport with an identity and an address of its own, not yet listening. */
  create(): Promise<{ readonly id: NodeId; readonly transport: Transport }>
  /** An address at which nobody listens. */
  readonly deadAddress: Address
  /** Lets the world run until `promise` settles. On sockets it just returns it. */
  settle<T>(promise: Promise<T>): Promise<T>
  dispose(): Promise<void>
}

export function transportSuite(name: string, setup: () => Promise<TransportRig>): void {
  const check = (behaviour: string, body: (bench: Bench) => Promise<void>): void => {
    void test(`${name}: ${behaviour}`, async () => {
      const rig = await setup()
      const bench = new Bench(rig)
      try {
        await body(bench)
      } finally {
        await bench.close()
        await rig.dispose()
      }
    })
  }

  check('both sides know the other’s id, the channel and who dialled', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    for (const channel of ['control', 'bulk'] as const) {
      const { dialled, accepted } = await bench.connect(a, b, channel)
      assert.equal(dialled.connection.peer, b.id)
      assert.equal(accepted.connection.peer, a.id)
      assert.deepEqual([dialled.connection.channel, accepted.connection.channel], [channel, channel])
      assert.deepEqual([dialled.connection.outgoing, accepted.connection.outgoing], [true, false])
      assert.notEqual(accepted.connection.remoteHost, '')
    }
  })

  check('a dial that finds another node is refused, and gives the other no connection that lasts', async (bench) => {
    const [a, b, c] = [await bench.party(), await bench.party(), await bench.party()]
    const impostor: Contact = { id: c.id, addresses: b.transport.addresses }
    await assert.rejects(bench.dial(a, impostor), (error) => isFailure(error, 'refused'))
    for (const end of b.accepted) await bench.settle(end.closed)
  })

  check('a dial to nobody is unreachable, and so is one to no address', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    const gone: Contact = { id: b.id, addresses: [bench.rig.deadAddress] }
    await assert.rejects(bench.dial(a, gone), (error) => isFailure(error, 'unreachable'))
    await assert.rejects(bench.dial(a, { id: b.id, addresses: [] }), (error) => isFailure(error, 'unreachable'))
    await assert.rejects(bench.dial(a, { id: b.id, addresses: ['carrier-pigeon://7'] }), (error) =>
      isFailure(error, 'unreachable'),
    )
  })

  check('a dial goes on to the next address when one is dead', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    const contact: Contact = { id: b.id, addresses: [bench.rig.deadAddress, ...b.transport.addresses] }
    const { connection } = await bench.dial(a, contact)
    assert.equal(connection.peer, b.id)
  })

  check('an aborted dial rejects with the caller’s reason', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    const contact = contactOf(b)
    const aborted = AbortSignal.abort()
    await assert.rejects(bench.settle(a.transport.dial(contact, 'control', aborted)), (error) =>
      isFailure(error, 'aborted'),
    )
    const controller = new AbortController()
    const dial = a.transport.dial(contact, 'control', controller.signal)
    controller.abort()
    await assert.rejects(bench.settle(dial), (error) => isFailure(error, 'aborted'))
  })

  check('frames arrive whole and in order, from none to the largest number of bytes', async (bench) => {
    const { dialled, accepted } = await bench.pair()
    const sizes = [0, 1, 2, 0, 16 * KIB, 16 * KIB + 1, 64 * KIB, FRAME_BYTES_MAX, 3, FRAME_BYTES_MAX, 0]
    for (const [at, size] of sizes.entries()) dialled.connection.send(split(pattern(size, at)))
    const frames = await bench.settle(accepted.take(sizes.length))
    assert.deepEqual(
      frames.map((frame) => frame.length),
      sizes,
    )
    for (const [at, frame] of frames.entries()) assert.ok(Buffer.compare(frame, pattern(frame.length, at)) === 0)
  })

  check('a frame of no chunk is an empty frame', async (bench) => {
    const { dialled, accepted } = await bench.pair()
    dialled.connection.send([])
    dialled.connection.send([utf8('next')])
    assert.deepEqual((await bench.settle(accepted.take(2))).map(text), ['', 'next'])
  })

  check('sending more than a frame may hold is a bug of the caller’s', async (bench) => {
    const { dialled } = await bench.pair()
    assert.throws(() => dialled.connection.send([new Uint8Array(FRAME_BYTES_MAX), new Uint8Array(1)]), /at most/)
  })

  check('frames both ways at once do not disturb each other', async (bench) => {
    const { dialled, accepted } = await bench.pair()
    const count = 500
    for (let at = 0; at < count; at++) {
      dialled.connection.send([utf8(`there ${String(at)}`), pattern(at * 7, at)])
      accepted.connection.send([utf8(`back ${String(at)}`), pattern(at * 5, at)])
    }
    const there = await bench.settle(accepted.take(count))
    const back = await bench.settle(dialled.take(count))
    for (let at = 0; at < count; at++) {
      assert.ok(Buffer.compare(present(there[at]), join(utf8(`there ${String(at)}`), pattern(at * 7, at))) === 0)
      assert.ok(Buffer.compare(present(back[at]), join(utf8(`back ${String(at)}`), pattern(at * 5, at))) === 0)
    }
  })

  check('a reply sent from within the frame’s handler arrives', async (bench) => {
    const { dialled, accepted } = await bench.pair()
    accepted.answer = (frame) => [utf8('echo '), frame]
    for (let at = 0; at < 50; at++) dialled.connection.send([utf8(String(at))])
    const replies = await bench.settle(dialled.take(50))
    assert.deepEqual(
      replies.map(text),
      Array.from({ length: 50 }, (_, at) => `echo ${String(at)}`),
    )
  })

  check('the queue grows while nothing is taken, has room again, and empties', async (bench) => {
    const { dialled, accepted } = await bench.pair()
    assert.equal(dialled.connection.queuedBytes, 0)
    await bench.settle(dialled.connection.drained())
    const frame = pattern(256 * KIB, 1)
    for (let at = 0; at < 20; at++) dialled.connection.send([frame])
    assert.ok(dialled.connection.queuedBytes > 0)
    await bench.settle(dialled.connection.drained())
    for (let at = 0; at < 20; at++) {
      dialled.connection.send([frame])
      await bench.settle(dialled.connection.drained())
    }
    const frames = await bench.settle(accepted.take(40))
    assert.ok(frames.every((got) => Buffer.compare(got, frame) === 0))
    await bench.settle(dialled.connection.drained())
    dialled.connection.close('done')
    await bench.settle(dialled.closed)
    assert.equal(dialled.connection.queuedBytes, 0)
  })

  check('a paused connection takes nothing, holds up no other, and goes on where it was', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    const paused = await bench.connect(a, b, 'bulk')
    const other = await bench.connect(a, b, 'control')
    paused.accepted.connection.pause()
    for (let at = 0; at < 20; at++) paused.dialled.connection.send([pattern(FRAME_BYTES_MAX, at)])
    other.accepted.answer = (frame) => [frame]
    for (let at = 0; at < 50; at++) {
      other.dialled.connection.send([utf8(String(at))])
      await bench.settle(other.dialled.take(1))
    }
    assert.equal(paused.accepted.frames.length, 0)
    assert.ok(paused.dialled.connection.queuedBytes > 0)
    paused.accepted.connection.resume()
    const frames = await bench.settle(paused.accepted.take(20))
    assert.ok(frames.every((frame, at) => Buffer.compare(frame, pattern(FRAME_BYTES_MAX, at)) === 0))
  })

  check('a paused connection can be closed', async (bench) => {
    const { dialled, accepted } = await bench.pair()
    accepted.connection.pause()
    dialled.connection.send([pattern(FRAME_BYTES_MAX, 1)])
    accepted.connection.close('had enough')
    await bench.settle(accepted.closed)
    await bench.settle(dialled.closed)
  })

  check('closing delivers what was queued, and tells each side once', async (bench) => {
    const { dialled, accepted } = await bench.pair()
    for (let at = 0; at < 30; at++) dialled.connection.send([pattern(50 * KIB, at)])
    dialled.connection.close('had enough')
    dialled.connection.close('again')
    dialled.connection.send([utf8('too late')])
    const reason = await bench.settle(dialled.closed)
    await bench.settle(accepted.closed)
    assert.equal(reason, 'had enough')
    assert.equal(accepted.frames.length, 30)
    assert.deepEqual([dialled.closings, accepted.closings], [1, 1])
  })

  check('waiting for room on a connection that closes ends', async (bench) => {
    const { dialled, accepted } = await bench.pair()
    for (let at = 0; at < 20; at++) dialled.connection.send([pattern(256 * KIB, at)])
    const room = dialled.connection.drained()
    accepted.connection.close('not interested')
    await bench.settle(room)
    await bench.settle(dialled.closed)
    await bench.settle(dialled.connection.drained())
  })

  check('several connections between two nodes live side by side', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    const first = await bench.connect(a, b, 'control')
    const second = await bench.connect(b, a, 'control')
    first.dialled.connection.send([utf8('one')])
    second.dialled.connection.send([utf8('two')])
    assert.deepEqual((await bench.settle(first.accepted.take(1))).map(text), ['one'])
    assert.deepEqual((await bench.settle(second.accepted.take(1))).map(text), ['two'])
    first.dialled.connection.close('done')
    await bench.settle(first.accepted.closed)
    second.accepted.connection.send([utf8('still here')])
    assert.deepEqual((await bench.settle(second.dialled.take(1))).map(text), ['still here'])
  })

  check('closing the transport ends its connections, refuses dials and frees its address', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    const { dialled, accepted } = await bench.connect(a, b, 'control')
    const contact = contactOf(b)
    await bench.settle(b.transport.close())
    await bench.settle(b.transport.close())
    await bench.settle(dialled.closed)
    await bench.settle(accepted.closed)
    await assert.rejects(bench.dial(a, contact), (error) => isFailure(error, 'unreachable'))
    await assert.rejects(bench.dial(b, contactOf(a)), (error) => isFailure(error, 'closed'))
  })

  check('a dial under way when its transport closes is rejected', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    const dial = a.transport.dial(contactOf(b), 'control', new AbortController().signal)
    const rejected = assert.rejects(bench.settle(dial), (error) => isFailure(error, 'closed'))
    await bench.settle(a.transport.close())
    await rejected
  })
}

interface Party {
  readonly id: NodeId
  readonly transport: Transport
  readonly accepted: End[]
  nextAccepted(): Promise<End>
}

/** One end of a connection and all that happened to it. */
class End {
  readonly connection: Connection
  readonly frames: Uint8Array[] = []
  readonly closed: Promise<string>
  closings = 0
  answer: ((frame: Uint8Array) => Uint8Array[]) | undefined
  private taken = 0
  private onArrival = (): void => {}

  constructor(connection: Connection) {
    this.connection = connection
    connection.onFrame = (frame) => {
      this.frames.push(frame)
      if (this.answer !== undefined) connection.send(this.answer(frame))
      this.onArrival()
    }
    const closed = deferred<string>()
    this.closed = closed.promise
    connection.onClose = (reason) => {
      this.closings++
      closed.resolve(reason)
    }
  }

  /** The next `count` frames. */
  async take(count: number): Promise<readonly Uint8Array[]> {
    const from = this.taken
    this.taken += count
    if (this.frames.length < this.taken) {
      await new Promise<void>((resolve) => {
        this.onArrival = () => {
          if (this.frames.length >= from + count) resolve()
        }
      })
    }
    return this.frames.slice(from, from + count)
  }
}

class Bench {
  readonly rig: TransportRig
  private readonly parties: Party[] = []

  constructor(rig: TransportRig) {
    this.rig = rig
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.rig.settle(promise)
  }

  async party(): Promise<Party> {
    const { id, transport } = await this.rig.create()
    const accepted: End[] = []
    const waiting: ((end: End) => void)[] = []
    const nextAccepted = (): Promise<End> => new Promise((resolve) => waiting.push(resolve))
    await this.settle(
      transport.listen((connection) => {
        const end = new End(connection)
        accepted.push(end)
        waiting.shift()?.(end)
      }),
    )
    const party = { id, transport, accepted, nextAccepted }
    this.parties.push(party)
    return party
  }

  async dial(from: Party, to: Contact, channel: Channel = 'control'): Promise<End> {
    return this.settle(from.transport.dial(to, channel, new AbortController().signal).then((got) => new End(got)))
  }

  async connect(from: Party, to: Party, channel: Channel): Promise<{ dialled: End; accepted: End }> {
    const accepted = to.nextAccepted()
    const dialled = await this.dial(from, contactOf(to), channel)
    return { dialled, accepted: await this.settle(accepted) }
  }

  async pair(): Promise<{ dialled: End; accepted: End }> {
    return this.connect(await this.party(), await this.party(), 'control')
  }

  async close(): Promise<void> {
    for (const { transport } of this.parties) await this.settle(transport.close())
  }
}

function contactOf(party: Party): Contact {
  return { id: party.id, addresses: party.transport.addresses }
}

/** `size` bytes that differ from those of another seed. */
function pattern(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let at = 0; at < size; at++) bytes[at] = at * 31 + (at >>> 8) + seed
  return bytes
}

/** The same bytes as three chunks of uneven length. */
function split(bytes: Uint8Array): Uint8Array[] {
  const third = Math.floor(bytes.length / 3)
  const middle = Math.min(bytes.length, third + 1)
  return [bytes.subarray(0, third), bytes.subarray(third, middle), bytes.subarray(middle)]
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}

function present<T>(value: T | undefined): T {
  assert.ok(value !== undefined)
  return value
}
