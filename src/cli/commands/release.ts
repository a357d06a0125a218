/** `release`: has the network forget what this node has put. */
import type { ReleaseResult } from '../../storage/objects.ts'
import { EXIT, usage, type ExitCode } from '../exit.ts'
import { linkTarget } from '../link.ts'
import { print, printJson } from '../output.ts'
import { withNode, type NodeFlags } from '../session.ts'

export interface ReleaseFlags extends NodeFlags {
  readonly yes?: boolean
}

export async function release(link: string, flags: ReleaseFlags): Promise<ExitCode> {
  if (flags.yes !== true) throw usage('releasing cannot be undone, whoever has the link; say --yes to do it')
  const target = linkTarget(link)
  const released = await withNode(flags, undefined, (client) =>
    client.change<ReleaseResult>(`/api/v1/release/${target}`),
  )
  if (flags.json === true) printJson(released)
  else print(lineOf(released))
  return released.fragments === 0 ? EXIT.permission : EXIT.ok
}

function lineOf({ stripes, fragments, unanswered }: ReleaseResult): string {
  if (fragments === 0) return 'nothing was forgotten: only the node that put it can release it'
  const silent =
    unanswered === 0 ? '' : `; ${unanswered} more expire with their leases, for their holders did not answer`
  return `forgotten: ${fragments} fragments of ${stripes} stripes${silent}`
}
