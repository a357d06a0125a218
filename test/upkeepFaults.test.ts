/** Faults at every call of a repair and of a renewal: each ends, nothing is lost, and the next one does what this one did not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Capability } from '../src/crypto/link.ts'
import { Failure, isFailure } from '../src/base/failure.ts'
import { DAY, SECOND } from '../src/base/units.ts'
import type { FragmentStore } from '../src/ports/fragmentStore.ts'
import { failing, forEveryCall, type NthCall } from '../src/sim/faults.ts'
import { alteredPort } from '../src/testing/alteredPort.ts'
import { sameBytes } from '../src/testing/sameBytes.ts'
import { StorageWorld } from '../src/testing/storageWorld.ts'

const NODES = 7
const KILLED = [4, 5, 6]
const STORE_CALLS = ['put', 'get', 'held', 'renew', 'list'] as const

/** What is done to an object while one call fails. */
type Work = (storage: StorageWorld, capability: Capability) => Promise<unknown>

const repair: Work = (storage, capability) => storage.until(storage.node(0).objects.repair(capability))
const renew: Work = (storage, capability) =>
  storage.until(storage.node(0).objects.keep(capability, { leaseMs: 200 * DAY }))

for (const [name, work] of [
  ['repair', repair],
  ['renewal', renew],
] as const) {
  for (const where of ['network', 'store'] as const) {
    test(`a ${name} in which the n-th call of the ${where} fails ends, loses nothing and can be done again, for every n`, async () => {
      const failure =
        where === 'store' ? new Failure('storage', 'the disk has an error') : new Failure('timed-out', 'no answer came')
      const callCount = await forEveryCall({ failure }, (fault) => withFault(work, where, fault))
      assert.ok(callCount >= NODES - KILLED.length, `${callCount} calls`)
    })
  }
}

async function withFault(work: Work, where: 'network' | 'store', fault: NthCall): Promise<void> {
  const armed = { isOn: false }
  const storage = await StorageWorld.start({
    seed: 1,
    nodes: NODES,
    ...(where === 'network'
      ? { alterNetwork: (network) => whenArmed(network, failing(network, ['request'], fault), ['request'], armed) }
      : { alter: ({ fragments }) => ({ fragments: faultyStore(fragments, fault, armed) }) }),
  })
  const content = storage.content(600)
  const { capability } = await storage.put(0, content)
  for (const node of KILLED) storage.world.crash(node)
  await storage.run(5 * SECOND)
  armed.isOn = true
  await work(storage, capability).catch((error: unknown) => {
    assert.ok(isFailure(error), String(error))
  })
  armed.isOn = false
  sameBytes(await storage.read(1, capability), content)
  await repair(storage, capability)
  await renew(storage, capability)
  const { aliveMin, total } = await storage.health(1, capability)
  assert.equal(aliveMin, total)
}

function faultyStore(fragments: FragmentStore, fault: NthCall, armed: { readonly isOn: boolean }): FragmentStore {
  return whenArmed(fragments, failing(fragments, STORE_CALLS, fault), STORE_CALLS, armed)
}

/** `port`, but `faulty` for these methods as long as it is armed. */
function whenArmed<T extends object>(
  port: T,
  faulty: T,
  methods: readonly (keyof T)[],
  armed: { readonly isOn: boolean },
): T {
  const changes = methods.map((method) => [
    method,
    (...args: unknown[]): unknown => {
      const target = armed.isOn ? faulty : port
      return Reflect.apply(target[method] as (...args: unknown[]) => unknown, target, args)
    },
  ])
  return alteredPort(port, Object.fromEntries(changes) as Partial<T>)
}
