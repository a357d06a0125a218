/** `status`: what a node says about itself, and of a testnet which nodes it has. */
import { printSize } from '../../base/quantities.ts'
import { readRuntime } from '../../daemon/home.ts'
import type { NodeStatus } from '../../node/status.ts'
import { homeFolder } from '../environment.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { ANSWER_MS_DEFAULT } from '../limits.ts'
import { print, printJson } from '../output.ts'
import { withNode, type NodeFlags } from '../session.ts'

export async function status(flags: NodeFlags): Promise<ExitCode> {
  const found = await withNode(flags, ANSWER_MS_DEFAULT, (client) => client.json<NodeStatus>('/api/v1/status'))
  const nodes = (await readRuntime(await homeFolder()))?.nodes
  if (flags.json === true) printJson(nodes === undefined ? found : { ...found, testnet: { nodes } })
  else for (const line of linesOf(found)) print(line)
  if (flags.json !== true && nodes !== undefined) print(`testnet    ${nodes.length} nodes started here`)
  return EXIT.ok
}

function linesOf({
  id,
  network,
  version,
  addresses,
  uptimeMs,
  overlay,
  connections,
  storage,
  repair,
  reads,
}: NodeStatus): readonly string[] {
  const room = storage.quotaBytes === undefined ? '' : ` of ${printSize(storage.quotaBytes)}`
  const open = connections === undefined ? '' : `, ${connections.open} of ${connections.openMax} connections open`
  const damaged = storage.damaged === 0 ? '' : `, ${storage.damaged} dropped that the disk had damaged`
  const liars = reads.liars.length === 0 ? '' : `, from ${reads.liars.length} nodes that lied`
  return [
    `node       ${id}`,
    `network    ${network}, about ${Math.round(overlay.networkSize)} nodes; ${overlay.contacts} known, ${overlay.connected} connected${open}`,
    `reached at ${addresses.join(', ')}`,
    `storage    ${storage.fragments} fragments, ${printSize(storage.bytes)}${room}${damaged}; ${storage.state}`,
    `repair     looked after stripes ${repair.checks} times, rebuilt ${repair.repairs} of them (${repair.fragments} fragments, ${printSize(repair.bytes)})`,
    `reads      ${reads.fragmentsVerified} fragments verified, ${reads.fragmentsDamaged} refused as damaged${liars}`,
    `version    ${version}, up for ${Math.round(uptimeMs / 1000)} s`,
  ]
}
