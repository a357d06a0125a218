/** `version`: of this program and what runs it. */
import { programVersion } from '../../daemon/version.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { print, printJson } from '../output.ts'

export function version(flags: { readonly json?: boolean }): ExitCode {
  const found = {
    version: programVersion(),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
  }
  if (flags.json === true) printJson(found)
  else print(`mainframe ${found.version} (Node ${found.node}, ${found.platform})`)
  return EXIT.ok
}
