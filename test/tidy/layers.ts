/** The layers: which folder of src may import which, and that the core imports no platform. The order is docs/ARCHITECTURE.md's. */
import { posix } from 'node:path'
import ts from 'typescript'
import { isTest, type ProjectFile } from './project.ts'

const DOWN_TO_WIRE = ['base', 'ports', 'crypto', 'wire']
const STORAGE = [...DOWN_TO_WIRE, 'coding', 'overlay']
const SIBLING = [...DOWN_TO_WIRE, 'overlay']
const NODE = [...STORAGE, 'storage', 'records', 'mail', 'compute']
const VAULT = [...NODE, 'node']
const GATEWAY = [...VAULT, 'vault']
const SIM = [...NODE, 'node']

/** Folder of src -> the folders it may import besides itself. `cli` and published entries may import everything. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  ports: ['base'],
  crypto: ['base', 'ports'],
  coding: ['base', 'ports', 'crypto'],
  wire: ['base', 'ports', 'crypto', 'coding'],
  overlay: DOWN_TO_WIRE,
  storage: STORAGE,
  records: SIBLING,
  mail: SIBLING,
  compute: SIBLING,
  node: NODE,
  vault: VAULT,
  drivers: ['base', 'ports', 'crypto', 'coding', 'wire'],
  gateway: GATEWAY,
  sdk: ['base'],
  sim: SIM,
  daemon: [...GATEWAY, 'gateway', 'drivers'],
  testing: [...GATEWAY, 'gateway', 'daemon', 'sdk', 'drivers', 'sim'],
  cli: [...GATEWAY, 'gateway', 'daemon', 'sdk', 'drivers', 'sim', 'testing'],
}

/** A test runs its folder against memory drivers, worlds and suites, and holds what is generated against its generator. */
const TESTS_MAY_IMPORT = ['sim', 'testing', 'drivers', 'scripts']

/** Packages without platform, which the core may import. */
const CORE_PACKAGES = /^(cborg|@noble\/[a-z]+)(\/|$)/

/** One line for each import that points up, sideways, out of src, or into a folder that has no place in the table. */
export function layerViolations(files: readonly ProjectFile[]): readonly string[] {
  return sourcesOf(files).flatMap(({ path, text }) => {
    const folder = folderOf(path)
    if (folder === undefined) return []
    const allowed = MAY_IMPORT[folder]
    if (allowed === undefined) return [`${path}: the folder ${folder} has no place among the layers`]
    const reachable = new Set([folder, ...allowed, ...(isTest(path) ? TESTS_MAY_IMPORT : [])])
    return importsOf(text)
      .filter((target) => target.startsWith('.'))
      .filter((target) => !reachable.has(targetFolder(path, target)))
      .map((target) => `${path}: ${folder} may not import ${target}`)
  })
}

/** One line for each import of a platform module or an unlisted package in the core. `core` are folders such as `src/base`. */
export function impureImports(files: readonly ProjectFile[], core: readonly string[]): readonly string[] {
  return sourcesOf(files)
    .filter(({ path }) => !isTest(path) && core.some((folder) => path.startsWith(`${folder}/`)))
    .flatMap(({ path, text }) =>
      importsOf(text)
        .filter((target) => !target.startsWith('.') && !CORE_PACKAGES.test(target))
        .map((target) => `${path}: the core may not import ${target}`),
    )
}

function sourcesOf(files: readonly ProjectFile[]): readonly ProjectFile[] {
  return files.filter(({ path }) => path.startsWith('src/') && path.endsWith('.ts') && !path.includes('/assembly/'))
}

/** Everything a file imports, re-exports or loads later, types included. */
function importsOf(text: string): readonly string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map((each) => each.fileName)
}

/** The folder of src that holds `path`; undefined for what lies in src itself, the published entries. */
function folderOf(path: string): string | undefined {
  const [, folder, file] = path.split('/')
  return file === undefined ? undefined : folder
}

/** The folder a relative import leads to, in src or beside it. */
function targetFolder(from: string, target: string): string {
  const path = posix.join(posix.dirname(from), target)
  return path.startsWith('src/') ? (folderOf(path) ?? 'an entry') : (path.split('/')[0] ?? '')
}
