/** `keep`: has the holders of something keep it for longer. */
import type { KeepResult } from '../../storage/objects.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { linkTarget } from '../link.ts'
import { print, printJson } from '../output.ts'
import { withNode, type NodeFlags } from '../session.ts'

export interface KeepFlags extends NodeFlags {
  /** Milliseconds. */
  readonly for?: number
}

export async function keep(link: string, flags: KeepFlags): Promise<ExitCode> {
  const target = linkTarget(link)
  const query = flags.for === undefined ? {} : { for: `${flags.for}ms` }
  const kept = await withNode(flags, undefined, (client) => client.change<KeepResult>(`/api/v1/keep/${target}`, query))
  if (flags.json === true) printJson(kept)
  else for (const line of linesOf(kept)) print(line)
  return kept.expiresMs === undefined ? EXIT.unreachable : EXIT.ok
}

function linesOf({ stripes, fragments, unanswered, expiresMs }: KeepResult): readonly string[] {
  const until = expiresMs === undefined ? 'no holder answered' : `kept until ${new Date(expiresMs).toISOString()}`
  const silent = unanswered === 0 ? '' : `; holders of ${unanswered} more did not answer`
  return [`${until}: ${fragments} fragments of ${stripes} stripes${silent}`]
}
