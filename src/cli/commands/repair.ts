/** `repair`: makes what is missing of something again, now. */
import { printSize } from '../../base/quantities.ts'
import type { RepairResult } from '../../storage/objects.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { linkTarget } from '../link.ts'
import { print, printJson } from '../output.ts'
import { withNode, type NodeFlags } from '../session.ts'

export async function repair(link: string, flags: NodeFlags): Promise<ExitCode> {
  const target = linkTarget(link)
  const repaired = await withNode(flags, undefined, (client) => client.change<RepairResult>(`/api/v1/repair/${target}`))
  if (flags.json === true) printJson(repaired)
  else print(lineOf(repaired))
  return EXIT.ok
}

function lineOf({ stripes, fragments, bytes }: RepairResult): string {
  if (fragments === 0) return `nothing is missing of its ${stripes} stripes`
  return `made ${fragments} fragments again (${printSize(bytes)}) of ${stripes} stripes`
}
