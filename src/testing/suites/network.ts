/**
 * What every Network must do. Runs over sockets and in the simulated world alike: `settle` drives a virtual clock where there
 * is one, and the time that requests are bound by passes only in `pass`.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure, isFailure, type FailureCode } from '../../base/failure.ts'
import { parseId, type NodeId, type Point } from '../../base/id.ts'
import { deferred, type Deferred } from '../../base/signals.ts'
import { MINUTE, SECOND } from '../../base/units.ts'
import type { Address, Contact } from '../../ports/connection.ts'
import type { Network, Peer } from '../../ports/network.ts'
import { BODY_BYTES_MAX, IDLE_MS } from '../../wire/limits.ts'
import type { Messages } from '../../wire/messages.ts'

/** A place where networks can reach each other. */
export interface NetworkRig {
  /** A node with an identity and an address of its own, not yet started. */
  create(): Promise<RigNode>
  /** An address at which nobody listens. */
  readonly deadAddress: Address
  /** Lets the world run until `promise` settles. On sockets it just returns it. */
  settle<T>(promise: Promise<T>): Promise<T>
  /** Lets time pass for every node. */
  pass(durationMs: number): Promise<void>
  dispose(): Promise<void>
}

export interface RigNode {
  readonly network: Network<Messages>
  /** Ends the node without a word to anyone. */
  readonly crash: () => Promise<void>
}

const OPTIONS = { timeoutMs: MINUTE }

export function networkSuite(name: string, setup: () => Promise<NetworkRig>): void {
  const check = (behaviour: string, body: (bench: NetworkBench) => Promise<void>): void => {
    void test(`${name}: ${behaviour}`, async () => {
      const bench = new NetworkBench(await setup())
      try {
        await body(bench)
      } finally {
        await bench.dispose()
      }
    })
  }

  check('a request is answered by its kind’s handler, which knows who asks and how to reach them', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    let asked: { target: Point; from: Peer } | undefined
    b.network.serve('find', ({ target }, from) => {
      asked = { target, from }
      return { contacts: [a.network.self] }
    })
    const reply = await bench.settle(a.network.request(b.contact, 'find', { target: POINT }, OPTIONS))
    assert.deepEqual(reply, { contacts: [a.contact] })
    assert.equal(asked?.target, POINT)
    assert.deepEqual([asked?.from.id, asked?.from.addresses], [a.contact.id, a.contact.addresses])
    assert.notEqual(asked?.from.host, '')
  })

  check('a handler’s failure refuses with its code and words', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    b.network.serve('ping', () => Promise.reject(new Failure('no-space', 'all full')))
    await bench.failsWith(a.network.request(b.contact, 'ping', {}, OPTIONS), 'no-space', /all full/)
    b.network.serve('ping', () => {
      throw new Failure('busy', 'later')
    })
    await bench.failsWith(a.network.request(b.contact, 'ping', {}, OPTIONS), 'busy', /later/)
  })

  check('a kind that nobody serves is refused', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    await bench.failsWith(
      a.network.request(b.contact, 'have', { stripes: [], purpose: 'read' }, OPTIONS),
      'refused',
      /have/,
    )
    await bench.failsWith(
      a.network.request(a.contact, 'have', { stripes: [], purpose: 'read' }, OPTIONS),
      'refused',
      /have/,
    )
  })

  check('a peer without an address that can be dialled is unreachable', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    for (const addresses of [[], ['carrier-pigeon://7']]) {
      await bench.failsWith(a.network.request({ ...b.contact, addresses }, 'ping', {}, OPTIONS), 'unreachable')
    }
  })

  check('a request to an address where nobody is fails, and so do those that share its dial', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    const gone = { ...b.contact, addresses: [bench.rig.deadAddress] }
    const isGone = (error: unknown): boolean => isFailure(error, 'unreachable') || isFailure(error, 'timed-out')
    const outcomes = [1, 2, 3].map(() => assert.rejects(a.network.request(gone, 'ping', {}, OPTIONS), isGone))
    await bench.settle(Promise.all(outcomes))
    await bench.settle(a.network.request(b.contact, 'ping', {}, OPTIONS))
  })

  check('a request to an address where somebody else is is refused', async (bench) => {
    const [a, b, c] = [await bench.party(), await bench.party(), await bench.party()]
    const mistaken: Contact = { id: b.contact.id, addresses: c.contact.addresses }
    await bench.failsWith(a.network.request(mistaken, 'ping', {}, OPTIONS), 'refused')
  })

  check('a request that gets no answer times out, and its handler is told', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    const work = b.holdFinds()
    const request = a.network.request(b.contact, 'find', { target: POINT }, { timeoutMs: 5 * SECOND })
    const timedOut = failure(request, 'timed-out')
    const { signal } = await bench.settle(work.next())
    await bench.rig.pass(10 * SECOND)
    await timedOut
    await bench.settle(aborted(signal))
  })

  check('an aborted request rejects at once, and its handler is told', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    const work = b.holdFinds()
    const controller = new AbortController()
    const options = { ...OPTIONS, signal: controller.signal }
    const request = a.network.request(b.contact, 'find', { target: POINT }, options)
    const { signal } = await bench.settle(work.next())
    assert.equal(signal.aborted, false)
    controller.abort()
    await assert.rejects(request, (error) => isFailure(error, 'aborted'))
    await bench.settle(aborted(signal))
  })

  check('a request aborted before it begins never reaches its handler', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    let count = 0
    b.network.serve('ping', () => {
      count++
      return {}
    })
    const reason = new Failure('timed-out', 'the whole search took too long')
    const options = { ...OPTIONS, signal: AbortSignal.abort(reason) }
    for (const contact of [b.contact, a.contact, { ...b.contact, addresses: [] }]) {
      await assert.rejects(a.network.request(contact, 'ping', {}, options), (error) => error === reason)
    }
    await bench.settle(a.network.request(b.contact, 'ping', {}, OPTIONS))
    assert.equal(count, 1)
  })

  check('an aborted request leaves others on the same connection alone', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    const work = b.holdFinds()
    const controller = new AbortController()
    const options = { ...OPTIONS, signal: controller.signal }
    const given = a.network.request(b.contact, 'find', { target: POINT }, options)
    const kept = a.network.request(b.contact, 'find', { target: POINT }, OPTIONS)
    const works = [await bench.settle(work.next()), await bench.settle(work.next())]
    controller.abort()
    await assert.rejects(given, (error) => isFailure(error, 'aborted'))
    for (const each of works) each.resolve({ contacts: [] })
    assert.deepEqual(await bench.settle(kept), { contacts: [] })
  })

  check('a node asks itself like any other, whatever its address', async (bench) => {
    const a = await bench.party()
    a.network.serve('find', ({ target }, from) => ({ contacts: target === POINT ? [{ ...from, addresses: [] }] : [] }))
    const reply = await bench.settle(a.network.request(a.contact, 'find', { target: POINT }, OPTIONS))
    assert.equal(reply.contacts[0]?.id, a.contact.id)
    const elsewhere = { id: a.contact.id, addresses: [bench.rig.deadAddress] }
    assert.deepEqual(await bench.settle(a.network.request(elsewhere, 'find', { target: POINT }, OPTIONS)), reply)
    const nowhere = { id: a.contact.id, addresses: [] }
    assert.deepEqual(await bench.settle(a.network.request(nowhere, 'find', { target: POINT }, OPTIONS)), reply)
    a.network.serve('find', () => Promise.reject(new Failure('not-found', 'nobody')))
    await bench.failsWith(a.network.request(a.contact, 'find', { target: POINT }, OPTIONS), 'not-found', /nobody/)
    const work = a.holdFinds()
    const silent = a.network.request(a.contact, 'find', { target: POINT }, { timeoutMs: SECOND })
    const timedOut = failure(silent, 'timed-out')
    await bench.settle(work.next())
    await bench.rig.pass(2 * SECOND)
    await timedOut
    assert.deepEqual(a.seen, [])
  })

  check('hundreds of requests both ways at once get each their own reply, in whatever order', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    const count = 200
    const replies: Promise<void>[] = []
    for (const [asker, answerer] of [
      [a, b],
      [b, a],
    ] as const) {
      const waiting: (() => void)[] = []
      answerer.network.serve('find', async ({ target }) => {
        const turn = new Promise<void>((resolve) => waiting.push(resolve))
        // The last one in lets all out, newest first.
        if (waiting.length === count) for (const resolve of waiting.reverse()) resolve()
        await turn
        return { contacts: [{ id: target as NodeId, addresses: [] }] }
      })
      for (let nth = 0; nth < count; nth++) {
        const target = pointOf(nth)
        const request = asker.network.request(answerer.contact, 'find', { target }, OPTIONS)
        replies.push(request.then(({ contacts }) => assert.equal(contacts[0]?.id, target)))
      }
    }
    await bench.settle(Promise.all(replies))
  })

  check('bodies arrive whole, in their parts: none, empty, many, the largest', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    const kept: (readonly Uint8Array[])[] = []
    b.network.serve('store', ({ body }) => {
      kept.push(body ?? [])
      return { expiresMs: 1, publicKey: new Uint8Array(32), signature: new Uint8Array(64) }
    })
    b.network.serve('fetch', ({ indices }) => ({ header: undefined, fragments: [], body: kept[indices[0] ?? 0] ?? [] }))
    const bodies = [
      [],
      [pattern(0)],
      [pattern(3), pattern(0), pattern(70_000)],
      Array.from({ length: 256 }, (_, at) => pattern(at)),
      [pattern(BODY_BYTES_MAX)],
    ]
    for (const [at, body] of bodies.entries()) {
      const offer = { header: pattern(40), region: 0, fragments: [], leaseMs: 1, owner: undefined, body }
      await bench.settle(a.network.request(b.contact, 'store', offer, OPTIONS))
      const request = { stripe: POINT as never, indices: Uint8Array.of(at) }
      const reply = await bench.settle(a.network.request(b.contact, 'fetch', request, OPTIONS))
      assert.ok(sameBytes(kept[at] ?? [], body))
      assert.ok(sameBytes(reply.body ?? [], body))
    }
  })

  check('closing settles everything: own requests as closed, those of peers as unreachable', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    const [atA, atB] = [a.holdFinds(), b.holdFinds()]
    const find = (from: Party, to: Contact): Promise<unknown> =>
      from.network.request(to, 'find', { target: POINT }, OPTIONS)
    const outcomes = [
      failure(find(a, b.contact), 'closed'),
      failure(find(a, a.contact), 'closed'),
      failure(find(b, a.contact), 'unreachable'),
    ]
    const works = [await bench.settle(atB.next()), await bench.settle(atA.next()), await bench.settle(atA.next())]
    await bench.settle(a.network.close())
    await bench.settle(a.network.close())
    await bench.settle(Promise.all(outcomes))
    await bench.settle(aborted(works[0]!.signal))
    await bench.failsWith(find(a, b.contact), 'closed')
    await bench.failsWith(find(a, a.contact), 'closed')
  })

  check('a dial under way when its node closes settles as closed', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    const request = failure(a.network.request(b.contact, 'ping', {}, OPTIONS), 'closed')
    await bench.settle(a.network.close())
    await request
  })

  check('both sides hear once that they have met, with the addresses of the other', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    const ask = (from: Party, to: Party): Promise<unknown> => from.network.request(to.contact, 'ping', {}, OPTIONS)
    await bench.settle(Promise.all([ask(a, b), ask(b, a), ask(a, b)]))
    await bench.settle(ask(b, a))
    assert.deepEqual(a.seen, [`met ${b.contact.id}`])
    assert.deepEqual(b.seen, [`met ${a.contact.id}`])
    assert.deepEqual([a.met[0]?.addresses, b.met[0]?.addresses], [b.contact.addresses, a.contact.addresses])
  })

  for (const [how, end] of [
    ['leaves', (party: Party) => party.network.close()],
    ['crashes', (party: Party) => party.crash()],
  ] as const) {
    check(`a peer that ${how} is told of as lost, and others are not`, async (bench) => {
      const [a, b, c] = [await bench.party(), await bench.party(), await bench.party()]
      await bench.settle(a.network.request(b.contact, 'ping', {}, OPTIONS))
      await bench.settle(a.network.request(c.contact, 'ping', {}, OPTIONS))
      await bench.settle(end(b))
      await bench.settle(a.lost.promise)
      assert.deepEqual(a.seen.slice(2), [`lost ${b.contact.id}`])
      assert.deepEqual(c.seen, [`met ${a.contact.id}`])
      await bench.settle(a.network.request(c.contact, 'ping', {}, OPTIONS))
    })
  }

  check('peers that have nothing to say for long are not told of as lost, and meet again', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    await bench.settle(a.network.request(b.contact, 'ping', {}, OPTIONS))
    await bench.rig.pass(2 * IDLE_MS)
    await bench.settle(a.network.request(b.contact, 'ping', {}, OPTIONS))
    const met = `met ${b.contact.id}`
    assert.deepEqual(a.seen, [met, met])
  })

  check('peers that keep talking stay connected', async (bench) => {
    const [a, b] = [await bench.party(), await bench.party()]
    for (let round = 0; round < 8; round++) {
      await bench.settle(a.network.request(b.contact, 'ping', {}, OPTIONS))
      await bench.rig.pass(IDLE_MS / 2)
    }
    assert.deepEqual(a.seen, [`met ${b.contact.id}`])
  })
}

/** A request that its handler keeps; settled by whoever took it. */
export interface HeldWork extends Deferred<Messages['find']['reply']> {
  readonly signal: AbortSignal
}

/** A node and what it was told. */
export class Party {
  readonly network: Network<Messages>
  /** Crashed, and cannot even be closed. */
  isGone = false
  readonly met: Peer[] = []
  readonly seen: string[] = []
  /** The first peer that was lost. */
  readonly lost = deferred<NodeId>()
  private readonly endIt: () => Promise<void>

  constructor({ network, crash }: RigNode) {
    this.network = network
    this.endIt = crash
    network.serve('ping', () => ({}))
  }

  get contact(): Contact {
    return this.network.self
  }

  async start(): Promise<void> {
    await this.network.start({
      onPeer: (peer) => {
        this.met.push(peer)
        this.seen.push(`met ${peer.id}`)
      },
      onPeerLost: (id) => {
        this.seen.push(`lost ${id}`)
        this.lost.resolve(id)
      },
    })
  }

  crash(): Promise<void> {
    this.isGone = true
    return this.endIt()
  }

  /** From now on finds are answered by whoever takes them. */
  holdFinds(): { readonly next: () => Promise<HeldWork> } {
    const arrived: HeldWork[] = []
    const waiting: ((work: HeldWork) => void)[] = []
    this.network.serve('find', (_, __, signal) => {
      const work: HeldWork = { ...deferred<Messages['find']['reply']>(), signal }
      const taker = waiting.shift()
      if (taker === undefined) arrived.push(work)
      else taker(work)
      return work.promise
    })
    return {
      next: () => {
        const work = arrived.shift()
        return work === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(work)
      },
    }
  }
}

export class NetworkBench<Rig extends NetworkRig = NetworkRig> {
  readonly rig: Rig
  private readonly parties: Party[] = []

  constructor(rig: Rig) {
    this.rig = rig
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.rig.settle(promise)
  }

  failsWith(promise: Promise<unknown>, code: FailureCode, words?: RegExp): Promise<void> {
    return this.settle(failure(promise, code, words))
  }

  /** A started node that answers pings. */
  async party(): Promise<Party> {
    const party = new Party(await this.rig.create())
    await this.settle(party.start())
    this.parties.push(party)
    return party
  }

  async dispose(): Promise<void> {
    for (const { network, isGone } of this.parties) if (!isGone) await this.settle(network.close())
    await this.rig.dispose()
  }
}

/** Settles once `promise` has failed as it should. */
export function failure(promise: Promise<unknown>, code: FailureCode, words = /./): Promise<void> {
  return assert.rejects(promise, (error) => isFailure(error, code) && words.test(error.message))
}

const POINT = pointOf(0)

function pointOf(nth: number): Point {
  return parseId<Point>(new Uint8Array(32).fill(nth))!
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve())
  })
}

function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, at) => at * 31 + (at >>> 8))
}

function sameBytes(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((part, at) => Buffer.compare(part, b[at]!) === 0)
}
