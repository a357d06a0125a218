/** `health`: what loss something survives now, and how many of its fragments live where. */
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
  healthy: 'enough fragments, and no one node holds too many of them',
  'at-risk': 'in need of repair: few fragments are left, or too many lie with one node',
  lost: 'too few fragments are left to rebuild it',
}

/** What is likely to fail together, as the node that answers was told. */
const DOMAIN_WORDS: Readonly<Record<Health['domainKind'], { readonly domain: string; readonly detail: string }>> = {
  subnet: { domain: 'network', detail: ' (/24)' },
  table: { domain: 'failure domain', detail: '' },
}

export async function health(link: string, flags: NodeFlags): Promise<ExitCode> {
  const target = linkTarget(link)
  const found = await withNode(flags, ANSWER_MS_DEFAULT, (client) => client.json<Health>(`/api/v1/health/${target}`))
  if (flags.json === true) printJson(found)
  else for (const line of linesOf(found)) print(line)
  return EXIT.ok
}

/** What matters most in one sentence, then the figures behind it. */
export function linesOf(health: Health): readonly string[] {
  const { bytes, segments, state } = health
  return [
    sentenceOf(health),
    `${state}: ${MEANING[state]}`,
    ...fragmentLines(health),
    ...(state === 'lost' ? [] : [spreadLine(health), unattendedLine(health)]),
    `${printSize(bytes)} in ${counted(segments, 'segment')}`,
  ]
}

function sentenceOf({ state, survivesNow, survivesDomains, domainKind }: Health): string {
  if (state === 'lost') return 'Cannot be rebuilt from what is left of it.'
  const percent = Math.floor(survivesNow * 100)
  if (survivesNow === 0) return 'Does not survive the loss of the node that keeps most of it.'
  const share = `Survives the loss of ${percent === 0 ? 'less than 1' : percent} % of all nodes now`
  const { domain, detail } = DOMAIN_WORDS[domainKind]
  if (survivesDomains === 0) return `${share}, but not of the ${domain}${detail} that keeps most of it.`
  return `${share}, and of any ${survivesDomains === 1 ? `one ${domain}` : `${survivesDomains} ${domain}s`}${detail}.`
}

function fragmentLines({ needed, total, alive, aliveMin, silent, away, gone }: Health): readonly string[] {
  const weakest = alive === aliveMin ? '' : ` (in its weakest segment; ${alive} on average)`
  const bar = `${barOf(aliveMin / Math.max(1, total), BAR_CHARS)} ${aliveMin} of ${total} fragments alive, ${needed} needed${weakest}`
  if (away + gone === 0) return [bar]
  if (silent === 0) return [bar, `${gone} gone`]
  return [bar, `about ${away} away with ${counted(silent, 'silent node')}, about ${gone} gone`]
}

function spreadLine({ holders, domains, domainKind, domainShareMax }: Health): string {
  const share = Math.ceil(domainShareMax * 100)
  const { domain } = DOMAIN_WORDS[domainKind]
  return `kept by ${counted(holders, 'node')} in ${counted(domains, domain)}, at most ${share} % of a segment in one of them`
}

function unattendedLine({ unattendedDays, nodeLifetimeDays }: Health): string {
  const leaving = `if nodes leave for good after ${counted(nodeLifetimeDays, 'day')} on average`
  return `unattended it lasts ${timeOf(unattendedDays)} (1 in 1,000 is lost earlier, ${leaving})`
}

/** Rounded down, in whole days or hours. */
function timeOf(days: number): string {
  if (days >= 1) return counted(Math.floor(days), 'day')
  const hours = Math.floor(days * 24)
  return hours === 0 ? 'less than an hour' : counted(hours, 'hour')
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`
}
