/** `storage`: what a node keeps for others, and looking after it now rather than in its turn. */
import { printSize } from '../../base/quantities.ts'
import type { StorageUsage } from '../../storage/storekeeper.ts'
import type { Scrubbed } from '../../storage/scrub.ts'
import type { Swept } from '../../storage/expiry.ts'
import { EXIT, usage, type ExitCode } from '../exit.ts'
import { ANSWER_MS_DEFAULT } from '../limits.ts'
import { print, printJson } from '../output.ts'
import { withNode, type NodeFlags } from '../session.ts'

export async function storage(what: string, flags: NodeFlags): Promise<ExitCode> {
  switch (what) {
    case 'usage':
      return tell(flags, await told<StorageUsage>(flags), linesOfUsage)
    case 'verify':
      return tell(flags, await done<Scrubbed>(flags, what), linesOfVerify)
    case 'gc':
      return tell(flags, await done<Swept>(flags, what), linesOfGc)
    default:
      throw usage(`storage does usage, verify or gc, not ${JSON.stringify(what)}`)
  }
}

function told<T>(flags: NodeFlags): Promise<T> {
  return withNode(flags, ANSWER_MS_DEFAULT, (client) => client.json<T>('/api/v1/storage'))
}

function done<T>(flags: NodeFlags, what: string): Promise<T> {
  return withNode(flags, undefined, (client) => client.change<T>(`/api/v1/storage/${what}`))
}

function tell<T>(flags: NodeFlags, answer: T, linesOf: (answer: T) => readonly string[]): ExitCode {
  if (flags.json === true) printJson(answer)
  else for (const line of linesOf(answer)) print(line)
  return EXIT.ok
}

function linesOfUsage({ fragments, bytes, quotaBytes, senders, hasCountedAll }: StorageUsage): readonly string[] {
  const room = quotaBytes === undefined ? '' : ` of ${printSize(quotaBytes)}`
  const more = hasCountedAll ? '' : ' (still counting)'
  return [
    `${fragments} fragments, ${printSize(bytes)}${room}${more}`,
    ...senders.map((sender) => `${printSize(sender.bytes).padStart(10)}  ${sender.id}`),
  ]
}

function linesOfVerify({ fragments, bytes, damaged }: Scrubbed): readonly string[] {
  const rot = damaged === 0 ? 'none damaged' : `${damaged} damaged and deleted; the network makes them again`
  return [`verified ${fragments} fragments, ${printSize(bytes)}: ${rot}`]
}

function linesOfGc({ fragments, bytes }: Swept): readonly string[] {
  return [`deleted ${fragments} fragments whose leases ended a day ago or more, ${printSize(bytes)}`]
}
