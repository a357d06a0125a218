/** What the door needs of the node behind it. */
import { Failure } from '../base/failure.ts'
import { parseLink, type Capability } from '../crypto/link.ts'
import type { NodeStorage } from '../node/node.ts'
import type { NodeStatus } from '../node/status.ts'
import type { Primitives } from '../ports/primitives.ts'
import type { Objects } from '../storage/objects.ts'
import type { Directories } from '../vault/directory.ts'

export interface DoorDeps {
  readonly objects: Objects
  readonly directories: Directories
  readonly primitives: Primitives
  readonly status: () => NodeStatus
  readonly storage: NodeStorage
  /** The node's folder: told to local programs, which find the token in it if they may read it. */
  readonly home: string
}

/** The capability a link stands for. Throws `invalid` for what is none. */
export function capabilityOf(primitives: Primitives, link: string): Capability {
  const parsed = parseLink(primitives, link)
  if (!parsed.ok) throw new Failure('invalid', parsed.error)
  return parsed.value
}
