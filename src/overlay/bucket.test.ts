/** A bucket: live contacts stay, guests from crowded networks make way, and words displace nobody. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeId } from '../base/id.ts'
import { tinyId } from '../testing/tinyId.ts'
import { Bucket, type Tried } from './bucket.ts'
import { crowdsAfter, NO_CROWDS, type Crowds } from './crowds.ts'
import { BUCKET_SIZE, PER_NETWORK, PER_SUBNET, PER_SUBNET_AND_BUCKET, REPLACEMENTS_MAX } from './limits.ts'
import { subnetOfHost } from './subnet.ts'

/** Node `nth` in the /24 of `network`. */
function tried(nth: number, network: string): Tried {
  const id = tinyId(nth, 16)
  const subnet = subnetOfHost(`${network}.${nth % 250}`)
  return {
    id,
    addresses: [],
    contact: { id, addresses: [] },
    lastHeardMs: 0,
    sinceMs: nth,
    subnet,
  }
}

function bucketOf(contacts: readonly Tried[]): Bucket {
  const bucket = new Bucket()
  for (const contact of contacts) bucket.add(contact, NO_CROWDS)
  return bucket
}

function crowdsOf(contacts: readonly Tried[]): Crowds {
  const census = [contacts.map(({ subnet }) => subnet)]
  return contacts.reduce((crowds, { subnet }) => crowdsAfter(crowds, subnet, census), NO_CROWDS)
}

function idsOf(bucket: Bucket): NodeId[] {
  return bucket.live.map(({ id }) => id)
}

const EVERYWHERE = Array.from({ length: BUCKET_SIZE }, (_, nth) => tried(nth + 1, `10.${nth}.0`))

test('a full bucket of contacts from everywhere keeps them all, whoever comes', () => {
  const bucket = bucketOf(EVERYWHERE)
  const before = idsOf(bucket)
  for (let nth = 100; nth < 200; nth++) {
    assert.equal(bucket.add(tried(nth, `99.${nth}.0`), crowdsOf(bucket.live)), 'waiting')
  }
  assert.deepEqual(idsOf(bucket), before)
})

test('one network alone fills a bucket, and each contact from elsewhere then takes the place of a guest', () => {
  const crowd = Array.from({ length: BUCKET_SIZE }, (_, nth) => tried(nth + 1, '66.6.6'))
  const bucket = bucketOf(crowd)
  assert.equal(bucket.live.length, BUCKET_SIZE)
  for (let nth = 0; nth < BUCKET_SIZE; nth++) bucket.add(tried(100 + nth, `10.${nth}.0`), crowdsOf(bucket.live))
  const kept = crowd.filter(({ id }) => idsOf(bucket).includes(id))
  assert.deepEqual(kept, crowd.slice(0, PER_SUBNET_AND_BUCKET), 'those known for longest stay')
  // Nobody of the crowd comes back.
  assert.equal(bucket.add(tried(300, '66.6.6'), crowdsOf(bucket.live)), 'waiting')
})

test('a network that has its share of the whole table is a guest in each bucket', () => {
  const bucket = bucketOf(EVERYWHERE)
  const inTable = Array.from({ length: PER_SUBNET }, (_, nth) => tried(500 + nth, '10.3.0'))
  const crowds = crowdsOf([...bucket.live, ...inTable])
  assert.deepEqual(bucket.add(tried(400, '77.0.0'), crowds), { displaced: EVERYWHERE[3] })
  assert.ok(!idsOf(bucket).includes(EVERYWHERE[3]!.id))
  const wide = Array.from({ length: PER_NETWORK }, (_, nth) => tried(600 + nth, `77.0.${nth}`))
  assert.equal(bucket.add(tried(700, '77.0.99'), crowdsOf([...bucket.live, ...wide])), 'waiting')
})

test('words never displace those that answered, and answers displace words', () => {
  const bucket = bucketOf(EVERYWHERE)
  for (let nth = 0; nth < 100; nth++) bucket.mention({ id: tinyId(1000 + nth, 16), addresses: [] })
  assert.equal(bucket.waiting().length, REPLACEMENTS_MAX)
  for (let nth = 0; nth < REPLACEMENTS_MAX; nth++) {
    bucket.add(tried(2000 + nth, `88.${nth}.0`), crowdsOf(bucket.live))
  }
  const newest = tinyId(2000 + REPLACEMENTS_MAX - 1, 16)
  assert.equal(bucket.waiting()[0]?.id, newest)
  assert.equal(bucket.untried(0), undefined)
  for (let nth = 0; nth < 100; nth++) bucket.mention({ id: tinyId(3000 + nth, 16), addresses: [] })
  assert.equal(bucket.waiting()[0]?.id, newest)
  assert.equal(bucket.waiting().length, REPLACEMENTS_MAX)
})
