/** What documents promise: links that lead somewhere, every flag, environment variable and dependency explained. */
import { posix } from 'node:path'
import { isTest, type ProjectFile } from './project.ts'

/** A reason shorter than this explains nothing. */
const REASON_CHARS_MIN = 15

/** One line for each relative link of a Markdown file to a file or heading that is not there. `paths` are all files. */
export function deadLinks(files: readonly ProjectFile[], paths: ReadonlySet<string>): readonly string[] {
  const documents = new Map(files.filter(({ path }) => path.endsWith('.md')).map(({ path, text }) => [path, text]))
  return [...documents].flatMap(([path, text]) =>
    linksOf(text)
      .filter((link) => !/^[a-z][a-z0-9+.-]*:/i.test(link))
      .filter((link) => !leadsSomewhere(path, link, documents, paths))
      .map((link) => `${path}: ${link} leads nowhere`),
  )
}

/** One line for each runtime dependency without a row in the table of CONTRIBUTING.md. */
export function unexplainedDependencies(names: readonly string[], contributing: string): readonly string[] {
  const rows = contributing.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  return names
    .filter((name) => !rows.some((cells) => cells[1] === `\`${name}\`` && (cells[2] ?? '').length >= REASON_CHARS_MIN))
    .map((name) => `CONTRIBUTING.md: no reason for ${name}`)
}

/** One line for each flag that a command of src/cli takes and no page of docs/ names. */
export function undocumentedFlags(files: readonly ProjectFile[]): readonly string[] {
  const pages = files.filter(({ path }) => path.startsWith('docs/')).map(({ text }) => text)
  const commands = files.filter(({ path }) => path.startsWith('src/cli/') && !isTest(path))
  const flags = new Set(commands.flatMap(({ text }) => flagsOf(text)))
  return [...flags]
    .filter((flag) => !pages.some((text) => mentions(text, flag)))
    .map((flag) => `docs/: ${flag} is not documented`)
}

/** One line for each MAINFRAME_ variable in src that docs/cli.md does not name. */
export function undocumentedVariables(files: readonly ProjectFile[]): readonly string[] {
  const page = files.find(({ path }) => path === 'docs/cli.md')?.text ?? ''
  const sources = files.filter(({ path }) => path.startsWith('src/') && !isTest(path))
  const names = new Set(sources.flatMap(({ text }) => text.match(/\bMAINFRAME_[A-Z][A-Z_]*[A-Z]\b/g) ?? []))
  return [...names].filter((name) => !mentions(page, name)).map((name) => `docs/cli.md: ${name} is not documented`)
}

/** The long flags that commander is given: `.option('-n, --nodes <count>')`, `new Option('--no-color')`. */
function flagsOf(text: string): readonly string[] {
  const declarations = text.matchAll(/(?:\.(?:option|requiredOption)|new Option|\.version)\(([^)]*)/g)
  return [...declarations].flatMap(([, declared = '']) => /--[a-z][a-z0-9-]*/.exec(declared)?.[0] ?? [])
}

/** Whether `word` stands in `text` as a whole: `--node` does not stand in `--nodes`. */
function mentions(text: string, word: string): boolean {
  const at = text.split(word)
  return at.some((rest, index) => index > 0 && !/^[\w-]/.test(rest) && !/[\w-]$/.test(at[index - 1] ?? ''))
}

function linksOf(markdown: string): readonly string[] {
  const prose = withoutCode(markdown)
  const inline = [...prose.matchAll(/\]\(<?([^\s)>]+)[^)]*\)/g)]
  const references = [...prose.matchAll(/^\[[^\]]+\]:\s+<?([^\s>]+)/gm)]
  const html = [...prose.matchAll(/<(?:img|a|source)\b[^>]*?\b(?:src|href|srcset)="([^"]+)"/g)]
  return [...inline, ...references, ...html].map(([, link = '']) => link)
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, '')
}

function leadsSomewhere(
  from: string,
  link: string,
  documents: ReadonlyMap<string, string>,
  paths: ReadonlySet<string>,
): boolean {
  const [target = '', heading] = decodeURI(link).split('#')
  const path = target === '' ? from : posix.join(posix.dirname(from), target).replace(/\/$/, '')
  const isFolder = [...paths].some((each) => each.startsWith(`${path}/`))
  if (!paths.has(path) && !isFolder && path !== '.') return false
  const document = documents.get(path)
  return heading === undefined || document === undefined || anchorsOf(document).includes(heading)
}

/** The anchors that GitHub gives a document's headings, and those it sets itself. */
function anchorsOf(markdown: string): readonly string[] {
  const prose = markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, '')
  const seen = new Map<string, number>()
  const headings = [...prose.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map(([, title = '']) => {
    const anchor = title
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-')
    const count = seen.get(anchor) ?? 0
    seen.set(anchor, count + 1)
    return count === 0 ? anchor : `${anchor}-${count}`
  })
  const explicit = [...prose.matchAll(/<a\b[^>]*\b(?:id|name)="([^"]+)"/g)].map(([, name = '']) => name)
  return [...headings, ...explicit]
}
