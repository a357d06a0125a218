/** `ls`: what stands in a directory of the network. */
import type { Listing } from '../../gateway/getObject.ts'
import type { TreeEntry } from '../../vault/directory.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { ANSWER_MS_DEFAULT } from '../limits.ts'
import { linkTarget } from '../link.ts'
import { print, printJson } from '../output.ts'
import { withNode, type NodeFlags } from '../session.ts'

export interface LsFlags extends NodeFlags {
  readonly long?: boolean
}

const KIND_LETTER = { file: '-', directory: 'd', symlink: 'l' } as const
const PERMISSION_LETTERS = 'rwxrwxrwx'
const TIME_CHARS = 'YYYY-MM-DD hh:mm:ss'.length

export async function ls(link: string, flags: LsFlags): Promise<ExitCode> {
  const target = linkTarget(link)
  const listing = await withNode(flags, ANSWER_MS_DEFAULT, (client) =>
    client.json<Listing>(`/api/v1/objects/${target}`, { list: '1' }),
  )
  if (flags.json === true) {
    printJson(listing)
    return EXIT.ok
  }
  const widest = Math.max(0, ...listing.entries.map(({ size }) => String(size).length))
  for (const entry of listing.entries) print(flags.long === true ? longLine(entry, widest) : shortName(entry))
  return EXIT.ok
}

function shortName({ path, kind }: TreeEntry): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return printable(kind === 'directory' ? `${name}/` : name)
}

function longLine(entry: TreeEntry, sizeChars: number): string {
  const time = timeText(entry.modifiedUs)
  const size = String(entry.size).padStart(sizeChars)
  const target = entry.kind === 'symlink' ? ` -> ${printable(entry.target)}` : ''
  return `${modeText(entry)} ${size} ${time} ${shortName(entry)}${target}`
}

/** Single objects have no time of their own. */
function timeText(modifiedUs: number): string {
  if (modifiedUs === 0) return '-'.padEnd(TIME_CHARS)
  return new Date(modifiedUs / 1000).toISOString().slice(0, TIME_CHARS).replace('T', ' ')
}

function modeText({ kind, mode }: TreeEntry): string {
  const letters = Array.from(PERMISSION_LETTERS, (letter, at) => ((mode >> (8 - at)) & 1 ? letter : '-'))
  return `${KIND_LETTER[kind]}${letters.join('')}`
}

/** A stranger's names must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
