/**
 * Puts that are interrupted and put again: the node that puts crashes, or its client leaves, at many moments. Little is sent twice, the
 * link is the one that it would have been, and no key ever enciphers two contents.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../src/base/bytes.ts'
import { present } from '../src/base/assert.ts'
import { isFailure } from '../src/base/failure.ts'
import { HOUR, MIB, MINUTE, SECOND } from '../src/base/units.ts'
import { encodeHeader } from '../src/coding/stripe.ts'
import type { PutOptions, PutResult } from '../src/storage/objects.ts'
import { alteredPort } from '../src/testing/alteredPort.ts'
import { once, StorageWorld } from '../src/testing/storageWorld.ts'
import type { StoreRequest } from '../src/testing/watchedNetwork.ts'

const SYNC_MS = 5
/** A receipt this old is on the disk: gathered, then written. */
const WRITTEN_MS = 100 + 2 * SYNC_MS
const CONTENT_BYTES = 300_000
const TOTAL = 193
/** With its root. */
const FRAGMENTS_ABOUT = TOTAL + 20

/** What node 0 sent, fragment by fragment. */
class Sendings {
  /** How often each was sent. */
  readonly counts = new Map<string, number>()
  /** When its first receipt came. */
  readonly storedMs = new Map<string, number>()
  /** What each was. */
  readonly bytes = new Map<string, Uint8Array>()

  onSent = (request: StoreRequest): void => {
    for (const [name, bytes] of named(request)) {
      this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
      this.bytes.set(name, bytes)
    }
  }

  onStored = (request: StoreRequest, nowMs: number): void => {
    for (const [name] of named(request)) if (!this.storedMs.has(name)) this.storedMs.set(name, nowMs)
  }

  sentTwice(): readonly string[] {
    return [...this.counts].filter(([, count]) => count > 1).map(([name]) => name)
  }
}

function named({ header, fragments, body }: StoreRequest): readonly (readonly [string, Uint8Array])[] {
  return fragments.map(({ index }, at) => [`${toHex(header)}/${index}`, body?.[at] ?? new Uint8Array(0)] as const)
}

interface Rig {
  readonly storage: StorageWorld
  /** Lets node 0 believe from its next start on that so much more time has passed. */
  age(byMs: number): void
  /** Since the last `forget`. */
  sendings(): Sendings
  forget(): void
}

async function rig(seed: number): Promise<Rig> {
  let sendings = new Sendings()
  let agedMs = 0
  const storage: StorageWorld = await StorageWorld.start({
    seed,
    nodes: 24,
    disk: { syncMs: SYNC_MS },
    link: { delayMs: [40, 160] },
    alter: ({ clock }, node) => {
      const byMs = agedMs
      return node === 0 ? { clock: alteredPort(clock, { now: () => clock.now() + byMs }) } : {}
    },
    onSent: (node, request) => {
      if (node === 0) sendings.onSent(request)
    },
    onStored: (node, request) => {
      if (node === 0) sendings.onStored(request, storage.world.clock.elapsedMs)
    },
  })
  return {
    storage,
    age: (byMs) => {
      agedMs += byMs
    },
    sendings: () => sendings,
    forget: () => {
      sendings = new Sendings()
    },
  }
}

function keyed(nth: number): PutOptions {
  return { resumeKey: new Uint8Array(32).fill(nth) }
}

/** Begins a put and lets it go on for `afterMs`. */
async function begun(
  storage: StorageWorld,
  source: AsyncIterable<Uint8Array>,
  options: PutOptions,
  afterMs: number,
): Promise<{ readonly giveUp: () => Promise<boolean> }> {
  const controller = new AbortController()
  const put = storage.node(0).objects.put(source, { ...options, signal: controller.signal })
  put.catch(() => undefined)
  await storage.run(afterMs)
  return {
    giveUp: async () => {
      controller.abort()
      const outcome = put.then(
        () => false,
        (error: unknown) => isFailure(error, 'aborted'),
      )
      return storage.until(outcome)
    },
  }
}

async function crashAndRestart(storage: StorageWorld): Promise<void> {
  storage.world.crash(0)
  await storage.run(SECOND)
  storage.world.restart(0, { disk: 'kept' })
  await storage.run(20 * SECOND)
}

function sameLink(a: PutResult, b: PutResult): void {
  assert.deepEqual(a.capability, b.capability)
}

test('a put whose node crashes at any moment goes on with all that its journal had, and has one link', async () => {
  const made = await rig(1)
  const { storage } = made
  let resumedAtLeastOnce = 0
  for (let nth = 1; nth <= 8; nth++) {
    const content = storage.content(CONTENT_BYTES, nth)
    made.forget()
    await begun(storage, once(content), keyed(nth), 180 * nth)
    const crashMs = storage.world.clock.elapsedMs
    await crashAndRestart(storage)
    const again = await storage.put(0, content, keyed(nth))
    const { storedMs } = made.sendings()
    const written = made
      .sendings()
      .sentTwice()
      .filter((name) => (storedMs.get(name) ?? Infinity) < crashMs - WRITTEN_MS)
    assert.deepEqual(written, [], `after ${180 * nth} ms`)
    if ((again.fragmentsResumed ?? 0) > 0) resumedAtLeastOnce++
    sameLink(await storage.put(0, content, keyed(nth)), again)
    assert.deepEqual(await storage.read(5, again.capability), content)
  }
  assert.ok(resumedAtLeastOnce >= 3, `${resumedAtLeastOnce} puts were resumed`)
})

test('a put whose client leaves at any moment sends nothing twice, and has one link', async () => {
  const made = await rig(2)
  const { storage } = made
  let interrupted = 0
  for (let nth = 1; nth <= 8; nth++) {
    const content = storage.content(CONTENT_BYTES, nth)
    made.forget()
    const { giveUp } = await begun(storage, once(content), keyed(nth), 180 * nth)
    if (await giveUp()) interrupted++
    const again = await storage.put(0, content, keyed(nth))
    assert.deepEqual(made.sendings().sentTwice(), [])
    assert.ok(made.sendings().counts.size <= FRAGMENTS_ABOUT, 'one secret, one stripe')
    sameLink(await storage.put(0, content, keyed(nth)), again)
    assert.deepEqual(await storage.read(5, again.capability), content)
  }
  assert.ok(interrupted >= 3, `${interrupted} puts were interrupted`)
})

test('an object of several segments goes on with the second where the first is placed', async () => {
  const made = await rig(3)
  const { storage } = made
  const content = storage.content(17 * MIB)
  const { giveUp } = await begun(storage, stuckAfter(content.subarray(0, 16 * MIB)), keyed(1), MINUTE)
  assert.equal(await giveUp(), true)
  const again = await storage.put(0, content, keyed(1))
  assert.equal(again.fragmentsResumed, TOTAL)
  assert.deepEqual(made.sendings().sentTwice(), [])
  assert.ok(Buffer.compare(await storage.read(5, again.capability), content) === 0)
})

test('content that has changed since is refused, then put afresh, and shares no key with what was sent before', async () => {
  const made = await rig(4)
  const { storage } = made
  let refused = 0
  for (let nth = 1; nth <= 6; nth++) {
    const [before, after] = [storage.content(CONTENT_BYTES, 2 * nth), storage.content(CONTENT_BYTES, 2 * nth + 1)]
    made.forget()
    const { giveUp } = await begun(storage, once(before), keyed(nth), 250 * nth)
    if (nth % 2 === 0) await crashAndRestart(storage)
    else await giveUp()
    const first = dataFragments(made.sendings())
    made.forget()
    const changed = await storage.put(0, after, keyed(nth)).catch((error: unknown) => {
      assert.ok(isFailure(error, 'invalid') && error.details.changed === true, String(error))
      assert.equal(made.sendings().counts.size, 0, 'nothing of the changed content left')
      refused++
      return storage.put(0, after, keyed(nth))
    })
    assert.deepEqual(await storage.read(5, changed.capability), after)
    const second = dataFragments(made.sendings())
    for (const [index, bytes] of first) {
      const offset = index * bytes.length
      const ofContents = xor(before.subarray(offset, offset + bytes.length), after.subarray(offset))
      assert.notDeepEqual(xor(bytes, present(second.get(index), 'all data fragments are sent')), ofContents)
    }
  }
  assert.ok(refused >= 3, `${refused} puts were refused`)
})

test('old receipts are asked after: what left with its holders is sent again, and hardly anything else', async () => {
  const made = await rig(5)
  const { storage } = made
  const content = storage.content(CONTENT_BYTES)
  // Who is where is known from now on, and the moment falls amid the placing.
  await storage.put(0, storage.content(100))
  made.forget()
  const { giveUp } = await begun(storage, once(content), keyed(1), 700)
  assert.equal(await giveUp(), true)
  const placed = made.sendings().storedMs.size
  for (const node of [3, 4, 5]) storage.world.crash(node)
  made.age(7 * HOUR)
  await crashAndRestart(storage)
  const held = heldBy(storage)
  const kept = [...made.sendings().storedMs.keys()].filter((name) => held.has(name))
  made.forget()
  const again = await storage.put(0, content, keyed(1))
  // A holder whose answer does not come counts as gone.
  const resent = kept.filter((name) => made.sendings().counts.has(name))
  assert.ok(resent.length <= 0.02 * kept.length, `${resent.length} of ${kept.length} sent again`)
  assert.equal(again.fragmentsResumed, kept.length - resent.length)
  assert.ok(kept.length > 0 && kept.length < placed, `${kept.length} of ${placed}`)
  const { alive, total } = await storage.health(6, again.capability)
  assert.ok(alive >= 0.9 * total, `${alive} of ${total}`)
})

/** Fragments on the disks of nodes that are up. */
function heldBy(storage: StorageWorld): ReadonlySet<string> {
  const held = new Set<string>()
  for (let node = 0; node < storage.world.nodeCount; node++) {
    if (!storage.world.isUp(node)) continue
    for (const fragments of storage.world.disk(node).fragments.values()) {
      for (const [index, { fragment }] of fragments) held.add(`${toHex(encodeHeader(fragment.header))}/${index}`)
    }
  }
  return held
}

/** The data fragments of the large stripe, by index; the enciphered content in pieces. */
function dataFragments({ bytes }: Sendings): ReadonlyMap<number, Uint8Array> {
  const fragmentBytes = Math.ceil(CONTENT_BYTES / 64)
  const found = new Map<number, Uint8Array>()
  for (const [name, fragment] of bytes) {
    const index = Number(name.split('/')[1])
    if (fragment.length === fragmentBytes && index < 63) found.set(index, fragment)
  }
  return found
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, at) => byte ^ (b[at] ?? 0))
}

async function* stuckAfter(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
  await new Promise<never>(() => undefined)
}
