/** The project's own files as the tidiness rules see them: paths and text, so that a rule can also be shown an invented file. */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface ProjectFile {
  /** From the project's root, with `/`. */
  readonly path: string
  readonly text: string
}

export const ROOT = join(import.meta.dirname, '..', '..')

const BINARY = /\.(png|jpg|gif|ico|wasm|woff2|pdf|tar|gz)$/
const CODE = /\.(ts|js|mjs)$/

/** Every text file that belongs to the project, committed or about to be. */
export function projectFiles(): readonly ProjectFile[] {
  return projectPaths()
    .filter((path) => !BINARY.test(path) && existsSync(join(ROOT, path)))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
}

/** A source file that the rules of style apply to. */
export function isCode({ path }: ProjectFile): boolean {
  return CODE.test(path)
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts')
}

/** What git tracks or would track; all files beside node_modules and dist where there is no repository, as in an archive. */
function projectPaths(): readonly string[] {
  if (!existsSync(join(ROOT, '.git'))) {
    return globSync('**/*', { cwd: ROOT, exclude: ['node_modules/**', 'dist/**'], withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
  }
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: ROOT })
  return listed.toString('utf8').split('\0').filter(Boolean)
}
