/** This program's version, as package.json has it. */
import { readFileSync } from 'node:fs'

/** Two folders up from here in the sources and as published. */
const PACKAGE_FILE = new URL('../../package.json', import.meta.url)

export function programVersion(): string {
  const { version } = JSON.parse(readFileSync(PACKAGE_FILE, 'utf8')) as { readonly version: string }
  return version
}
