/**
 * Which networks have as many contacts in a table as one network may have, or more: nearly always none. Told of each contact that
 * comes and goes, since counting all of them anew each time is what a joining node would do most of the time.
 */
import { PER_NETWORK, PER_SUBNET } from './limits.ts'
import { networkOf, type Subnet } from './subnet.ts'

export interface Crowds {
  readonly subnets: ReadonlyMap<Subnet, number>
  readonly networks: ReadonlyMap<number, number>
}

/** Lists of the subnets of all contacts. */
type Census = Iterable<readonly Subnet[]>

export const NO_CROWDS: Crowds = { subnets: new Map(), networks: new Map() }

/** The crowds after a contact from this subnet came or went; the same object when they are what they were. */
export function crowdsAfter(crowds: Crowds, subnet: Subnet, census: Census): Crowds {
  const network = networkOf(subnet)
  let [inSubnet, inNetwork] = [0, 0]
  for (const subnets of census) {
    for (const each of subnets) {
      if (each === subnet) inSubnet++
      if (networkOf(each) === network) inNetwork++
    }
  }
  const subnets = withCount(crowds.subnets, subnet, inSubnet >= PER_SUBNET ? inSubnet : undefined)
  const networks = withCount(crowds.networks, network, inNetwork >= PER_NETWORK ? inNetwork : undefined)
  return subnets === crowds.subnets && networks === crowds.networks ? crowds : { subnets, networks }
}

function withCount(
  counts: ReadonlyMap<number, number>,
  key: number,
  count: number | undefined,
): ReadonlyMap<number, number> {
  if (counts.get(key) === count) return counts
  const changed = new Map(counts)
  if (count === undefined) changed.delete(key)
  else changed.set(key, count)
  return changed
}
