/** Links as commands take them: `mf:...`, perhaps with a path into a directory behind it. */
import { parseLink } from '../crypto/link.ts'
import { NodePrimitives } from '../drivers/nodePrimitives.ts'
import { CommandFailure, EXIT } from './exit.ts'

/** The link and path as they stand in the API's addresses. Throws for a garbled link before any node is asked. */
export function linkTarget(text: string): string {
  const [link = '', ...names] = text.split('/')
  const parsed = parseLink(new NodePrimitives(), link)
  if (!parsed.ok) throw new CommandFailure(EXIT.usage, 'invalid', parsed.error)
  const path = names.filter((name) => name !== '').map(encodeURIComponent)
  return [link, ...path].join('/')
}
