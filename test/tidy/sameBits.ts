/**
 * What runs in the simulated world computes the same bits on every engine: no function of Math that the language leaves to the
 * engine, and no power but one of two, which all of them have exactly.
 */
import { posix } from 'node:path'
import ts from 'typescript'
import { isTest, type ProjectFile } from './project.ts'

/** As the language has it, "implementation-approximated"; the square root, which processors round correctly, is not among them. */
const INEXACT =
  /\bMath\.(a?cosh?|a?sinh?|a?tanh?|atan2|cbrt|exp|expm1|hypot|log|log10|log1p|log2|pow)\b|(?<!\b2 )\*\*=?(?= )/

/** One line for each inexact call in the files of `folders`, such as `src/sim`, and in all that they import. */
export function inexactCalls(files: readonly ProjectFile[], folders: readonly string[]): readonly string[] {
  return reachableFrom(files, folders).flatMap(({ path, text }) =>
    withoutComments(text)
      .split('\n')
      .flatMap((line, at) => (INEXACT.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])),
  )
}

function reachableFrom(files: readonly ProjectFile[], folders: readonly string[]): readonly ProjectFile[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const reached = new Set<string>()
  const next = [...byPath.keys()].filter((path) => folders.some((folder) => path.startsWith(`${folder}/`)))
  for (let path = next.pop(); path !== undefined; path = next.pop()) {
    const file = byPath.get(path)
    if (file === undefined || reached.has(path) || isTest(path) || path.includes('/assembly/')) continue
    reached.add(path)
    for (const { fileName } of ts.preProcessFile(file.text, true, true).importedFiles) {
      if (fileName.startsWith('.')) next.push(posix.join(posix.dirname(path), fileName))
    }
  }
  return [...reached].sort().map((path) => byPath.get(path) as ProjectFile)
}

/** The same text with nothing where comments were, line for line. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, (comment) => comment.replace(/[^\n]/g, ''))
}
