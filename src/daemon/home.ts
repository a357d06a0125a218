/**
 * A home: the folder where a node, or a testnet, keeps everything. Which files stand in it, the token that opens the API, and the
 * note by which commands find who runs there. docs/cli.md lists the files.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Failure, isFailure } from '../base/failure.ts'
import { lockFolder, type FolderLock } from '../drivers/folderLock.ts'

/** What a running node, or testnet, notes about itself in `runtime.json`. */
export interface Runtime {
  /** The API's address, without a path. */
  readonly api: string
  readonly pid: number
  /** The file with the token that opens it. */
  readonly tokenFile: string
  /** Of a testnet: its nodes. */
  readonly nodes?: readonly RuntimeNode[]
}

export interface RuntimeNode {
  readonly index: number
  readonly id: string
  readonly pid: number
  readonly dir: string
  readonly listen: string
  readonly api: string
}

const TOKEN_BYTES = 32
const TOKEN_FORM = /^[\w-]{43}$/
const GROUP_AND_OTHERS = 0o077

export function tokenFileOf(home: string): string {
  return join(home, 'token')
}

function runtimeFileOf(home: string): string {
  return join(home, 'runtime.json')
}

/**
 * Takes the home for this process, making it where there is none. Rejects with `refused`, and `locked` among the details, while
 * another process has it, and with `storage` when it cannot be used.
 */
export async function takeHome(home: string): Promise<FolderLock> {
  await makeFolder(home).catch((error: unknown) => {
    throw new Failure('storage', `cannot make the folder ${home}; choose another with --dir`, { cause: error })
  })
  return lockFolder(home).catch((error: unknown) => {
    throw isFailure(error, 'refused') ? inUse(home, error) : error
  })
}

/** As mkdir's `recursive` does, which however never returns where a parent refuses in the way of /proc (Node 24). */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return
    if (code !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolder(dirname(path))
    await mkdir(path, { mode: 0o700 })
  }
}

/** The home's token, made first where there is none. Rejects with `storage` when other users may read it. */
export async function ensureToken(file: string): Promise<string> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  try {
    // Appears whole or not at all: a start that dies here must not leave half a token.
    const draft = `${file}.${randomBytes(6).toString('hex')}`
    if (await exists(file)) return await readToken(file)
    await writeFile(draft, `${token}\n`, { mode: 0o600, flag: 'wx' })
    await rename(draft, file)
    return token
  } catch (error) {
    if (isFailure(error)) throw error
    throw new Failure('storage', `cannot write the token ${file}; check the folder's permissions`, { cause: error })
  }
}

export async function readToken(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Failure('storage', `cannot read the token ${file}; is it another user's?`, { cause: error })
  })
  const { mode } = await stat(file)
  if (process.platform !== 'win32' && (mode & GROUP_AND_OTHERS) !== 0) {
    throw new Failure('storage', `other users of this machine may read the token; run: chmod 600 ${file}`)
  }
  if (TOKEN_FORM.test(text.trim())) return text.trim()
  throw new Failure('storage', `${file} holds no token; stop the node, remove the file and start again`)
}

export async function writeRuntime(home: string, runtime: Runtime): Promise<void> {
  const file = runtimeFileOf(home)
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  try {
    const handle = await open(draft, 'wx', 0o600)
    await handle.writeFile(`${JSON.stringify(runtime)}\n`).finally(() => handle.close())
    await rename(draft, file)
  } catch (error) {
    throw new Failure('storage', `cannot write ${file}; check the folder's permissions`, { cause: error })
  }
}

export async function removeRuntime(home: string): Promise<void> {
  await rm(runtimeFileOf(home), { force: true })
}

/** Who runs in the home; undefined when nobody does. The note of a process that was killed counts for nothing. */
export async function readRuntime(home: string): Promise<Runtime | undefined> {
  const text = await readFile(runtimeFileOf(home), 'utf8').catch(() => '')
  const runtime = parseRuntime(text)
  return runtime !== undefined && isRunning(runtime.pid) ? runtime : undefined
}

function parseRuntime(text: string): Runtime | undefined {
  try {
    const found = JSON.parse(text) as Partial<Runtime> | null
    const isWhole =
      typeof found?.api === 'string' && typeof found.tokenFile === 'string' && Number.isSafeInteger(found.pid)
    return isWhole ? (found as Runtime) : undefined
  } catch {
    return undefined
  }
}

/** Whether a process of this id exists, whoever owns it. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    (error: unknown) => (error as NodeJS.ErrnoException).code !== 'ENOENT',
  )
}

function inUse(home: string, cause: Failure): Failure {
  const message = `a node already runs in ${home}: ${cause.message.split(';')[0] ?? ''}; stop it, or choose another --dir`
  return new Failure('refused', message, { details: { locked: home }, cause })
}
