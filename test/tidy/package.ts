/** package.json as the tidiness rules need it: what is published, from which source, and what is depended on. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './project.ts'

export interface PackageFile {
  readonly bin: Readonly<Record<string, string>>
  readonly exports?: ExportTargets
  readonly dependencies: Readonly<Record<string, string>>
}

type ExportTargets = string | { readonly [condition: string]: ExportTargets }

export function readPackage(): PackageFile {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as PackageFile
}

/** The sources of what `exports` names: src/testing/index.ts for ./dist/testing/index.js. */
export function publishedSources(): readonly string[] {
  return exportedPaths(readPackage().exports ?? {}).map(sourceOf)
}

/** One line for each entry of `bin` and `exports` that nothing stands behind. */
export function hollowEntries(file: PackageFile, exists: (path: string) => boolean = inProject): readonly string[] {
  const targets = [...Object.values(file.bin), ...exportedPaths(file.exports ?? {})]
  return targets
    .filter((target) => !exists(sourceOf(target)))
    .map((target) => `package.json: nothing stands behind ${target}`)
}

function exportedPaths(targets: ExportTargets): readonly string[] {
  return typeof targets === 'string' ? [targets] : Object.values(targets).flatMap(exportedPaths)
}

/** What a published path is built from; itself when it is published as it stands. */
function sourceOf(published: string): string {
  return published
    .replace(/^\.\//, '')
    .replace(/^dist\//, 'src/')
    .replace(/(?<=^src\/.*)(\.d\.ts|\.js)$/, '.ts')
}

function inProject(path: string): boolean {
  return existsSync(join(ROOT, path))
}
