/** `health`: how many fragments of something live, and what loss it survives now. */
import { printSize } from '../../base/quantities.ts'
import type { Health } from '../../storage/objects.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { ANSWER_MS_DEFAULT } from '../limits.ts'
import { linkTarget } from '../link.ts'
import { print, printJson } from '../output.ts'
import { barOf } from '../progress.ts'
import { withNode, type NodeFlags } from '../session.ts'

const BAR_CHARS = 32

const MEANING: Readonly<Record<Health['state'], string>> = {
  healthy: 'as redundant as it was asked to be',
  repairing: 'fewer fragments than it should have, enough to be safe',
  'at-risk': 'few fragments left: a further loss may take it',
  lost: 'too few fragments answer now to rebuild it',
}

export async function health(link: string, flags: NodeFlags): Promise<ExitCode> {
  const target = linkTarget(link)
  const found = await withNode(flags, ANSWER_MS_DEFAULT, (client) => client.json<Health>(`/api/v1/health/${target}`))
  if (flags.json === true) printJson(found)
  else for (const line of linesOf(found)) print(line)
  return EXIT.ok
}

function linesOf({ bytes, segments, needed, total, alive, aliveMin, survivesNow, state }: Health): readonly string[] {
  const fragments = `${aliveMin} of ${total} fragments alive, ${needed} needed`
  const weakest = alive === aliveMin ? '' : ` (in its weakest segment; ${alive} on average)`
  return [
    `${state}: ${MEANING[state]}; it survives the loss of ${Math.floor(survivesNow * 100)} % of all nodes now`,
    `${barOf(aliveMin / Math.max(1, total), BAR_CHARS)} ${fragments}${weakest}`,
    `${printSize(bytes)} in ${segments} segments`,
  ]
}
