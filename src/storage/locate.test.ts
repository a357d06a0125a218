/** Looking for holders: everyone is asked once, the search ends when it is told to, and nobody's silence is taken for a no. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure, isFailure } from '../base/failure.ts'
import type { NodeId, Point, StripeId } from '../base/id.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import type { Overlay } from '../overlay/overlay.ts'
import type { Region } from '../overlay/region.ts'
import type { Contact } from '../ports/connection.ts'
import type { Holding, Holdings } from './holdings.ts'
import { LOCATE_REGIONS_PARALLEL, REGION_COUNT_MAX } from './limits.ts'
import { locateStripe, type Evidence } from './locate.ts'

const STRIPE = 'a'.repeat(64) as StripeId
const PER_REGION = 3

function contact(n: number): Contact {
  return { id: n.toString(16).padStart(64, '0') as NodeId, addresses: [] }
}

/** Each region has nodes of its own and one that is in all of them; what each node answers follows from its number. */
function search(
  answer: (node: number) => Promise<Holding | undefined>,
  options: {
    readonly signal?: AbortSignal
    readonly enough?: () => boolean
    readonly silent?: readonly Contact[]
  } = {},
): { readonly asked: number[]; readonly held: number[]; readonly evidence: Promise<Evidence> } {
  const [asked, held]: [number[], number[]] = [[], []]
  let region = 0
  const overlay: Pick<Overlay, 'regions'> = {
    regions: async (points) => points.map((point: Point) => regionAt(point, region++, options.silent ?? [])),
  }
  const holdings: Pick<Holdings, 'ask'> = {
    ask: ({ id }) => {
      asked.push(Number.parseInt(id, 16))
      return answer(Number.parseInt(id, 16))
    },
  }
  const deps = { primitives: new NodePrimitives(), overlay: overlay as Overlay, holdings: holdings as Holdings }
  const evidence = locateStripe(deps, STRIPE, {
    signal: options.signal ?? new AbortController().signal,
    onHolding: ({ id }) => held.push(Number.parseInt(id, 16)),
    enough: options.enough ?? (() => false),
  })
  return { asked, held, evidence }
}

function regionAt(point: Point, region: number, silent: readonly Contact[]): Region {
  const own = Array.from({ length: PER_REGION }, (_, at) => contact(100 * (region + 1) + at))
  return { point, members: [...own, contact(1)], silent, isHearsay: false }
}

function holding(total: number): Holding {
  const header = { needed: 1, total, segmentBytes: 9, merkleRoot: new Uint8Array(32) }
  return { header, indices: [0], expiresMs: 0, owner: undefined }
}

const EVERYBODY = REGION_COUNT_MAX * PER_REGION + 1
const FIRST_ROUND = LOCATE_REGIONS_PARALLEL * PER_REGION + 1

test('where nobody has it everyone is asked, once', async () => {
  const { asked, evidence } = search(async () => undefined)
  assert.deepEqual(await evidence, { responsible: EVERYBODY, answeredNo: EVERYBODY, answeredYes: 0, silent: 0 })
  assert.equal(new Set(asked).size, EVERYBODY)
  assert.equal(asked.length, EVERYBODY)
})

test('a header tells how many regions there are, and enough is enough', async () => {
  const few = search(async (node) => (node === 100 ? holding(5) : undefined))
  assert.equal((await few.evidence).answeredYes, 1)
  assert.deepEqual(few.held, [100])
  assert.equal(few.asked.length, 5 * PER_REGION + 1)
  let answers = 0
  const enough = search(
    async () => {
      answers++
      return undefined
    },
    { enough: () => answers > 0 },
  )
  await enough.evidence
  assert.equal(enough.asked.length, FIRST_ROUND)
})

test('nodes that fail or have left are silent, and one that answers is not', async () => {
  const silent = [contact(100), contact(7)]
  const { evidence } = search(
    (node) => (node === 101 ? Promise.reject(new Failure('timed-out', 'no answer')) : Promise.resolve(undefined)),
    { silent },
  )
  const { responsible, answeredNo, silent: silentCount } = await evidence
  assert.deepEqual([responsible, answeredNo, silentCount], [EVERYBODY + 1, EVERYBODY - 1, 2])
})

test('a search that is given up asks nobody further', async () => {
  const controller = new AbortController()
  const { asked, evidence } = search(
    async () => {
      controller.abort()
      return undefined
    },
    { signal: controller.signal },
  )
  await assert.rejects(evidence, (error) => isFailure(error, 'aborted'))
  assert.equal(asked.length, FIRST_ROUND)
})
