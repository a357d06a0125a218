/** The shape of files: their opening comment, length and name, and words that must not be left behind in them. */
import { basename } from 'node:path'
import { isCode, isTest, type ProjectFile } from './project.ts'

const LINES_MAX = 500

/** Shorter than this, a comment names a file without saying what it is for. */
const PURPOSE_CHARS_MIN = 30

const VAGUE_NAMES = /^(utils?|helpers?|common|managers?)$/i

interface Mark {
  readonly words: RegExp
  readonly what: string
  /** In every file when absent. */
  readonly where?: (path: string) => boolean
}

/** Written with brackets so that the rules do not find themselves. */
const MARKS: readonly Mark[] = [
  { words: /\b(TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b/, what: 'a note of unfinished work' },
  { words: /\b(test|it|describe|suite|t)\.(ski[p]|tod[o]|onl[y])\b/, what: 'a test left out', where: isTest },
  { words: /\b(ski[p]|tod[o]|onl[y]): (true|['"`])/, what: 'a test left out', where: isTest },
  { words: /(^|[\s'"`(=:])\/(wor[k]|tm[p]|roo[t]|hom[e]|User[s])\/\w/, what: 'a path of one machine' },
  {
    words: /\/\/[\w.-]*registr[y][\w-]*\.|registr[y]\.(npmjs|yarnpkg|npmmirror)\./,
    what: 'the host of a package registry',
  },
]

/** One line for each code file that does not say at its top what it is for. */
export function withoutPurpose(files: readonly ProjectFile[]): readonly string[] {
  return files
    .filter(isCode)
    .filter(({ text }) => purposeOf(text).length < PURPOSE_CHARS_MIN)
    .map(({ path }) => `${path}: opens without a comment on its purpose`)
}

export function tooLong(files: readonly ProjectFile[]): readonly string[] {
  return files
    .filter(isCode)
    .map(({ path, text }) => ({ path, lineCount: text.trimEnd().split('\n').length }))
    .filter(({ lineCount }) => lineCount > LINES_MAX)
    .map(({ path, lineCount }) => `${path}: ${lineCount} lines, of at most ${LINES_MAX}`)
}

/** One line for each vague name, and for each index.ts that is not among `entries`, the published ones. */
export function badNames(paths: readonly string[], entries: readonly string[]): readonly string[] {
  return paths.flatMap((path) => {
    const vague = path.split('/').filter((part) => part.split(/[.-]/).some((word) => VAGUE_NAMES.test(word)))
    const barrel = path.startsWith('src/') && basename(path) === 'index.ts' && !entries.includes(path)
    return [
      ...vague.map((part) => `${path}: ${part} is no name for a thing`),
      ...(barrel && !path.includes('/assembly/') ? [`${path}: index.ts is for published entries`] : []),
    ]
  })
}

/** One line for each mark that must not stay in a file of any kind. */
export function leftBehind(files: readonly ProjectFile[]): readonly string[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, at) => {
      const found = MARKS.filter(({ words, where }) => words.test(line) && (where?.(path) ?? true))
      return found.map(({ what }) => `${path}:${at + 1}: ${what}`)
    }),
  )
}

/** The text of a leading block comment, without its frame. */
function purposeOf(text: string): string {
  const comment = /^(#!.*\n)?\/\*\*([\s\S]*?)\*\//.exec(text)?.[2] ?? ''
  return comment
    .replace(/^\s*\*/gm, '')
    .replace(/\s+/g, ' ')
    .trim()
}
