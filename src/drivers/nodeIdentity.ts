/**
 * A node's Ed25519 identity: its key in `identity.key` of the node's folder (PKCS#8 PEM, so that openssl reads it), and the
 * certificate under which TLS presents it, made anew at each start. So is the id, which takes one run of the network's puzzle: a kept
 * copy of it could contradict the key.
 */
import { createPrivateKey, randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Bytes } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import type { NodeId } from '../base/id.ts'
import { grindSeed, printPuzzle } from '../crypto/idPuzzle.ts'
import { NodeIds } from '../crypto/nodeIds.ts'
import { signerOf, type Signer } from '../crypto/signer.ts'
import { KEY_BYTES, type Primitives } from '../ports/primitives.ts'
import { certificatePem, selfSignedCertificate } from './certificate.ts'
import { privateKeyOf } from './nodePrimitives.ts'

export interface NodeIdentity extends Signer {
  /** PKCS#8 PEM of the private key, for TLS. */
  readonly keyPem: string
  /** PEM of the self-signed certificate over the key. */
  readonly certificatePem: string
}

const KEY_FILE = 'identity.key'
const GROUP_AND_OTHERS = 0o077

/**
 * The identity kept in `folder`, made there first where none is: at once where ids cost nothing, else with as many runs of the
 * puzzle as it asks for, of which `onAttempts` is told (crypto/idPuzzle.ts). Rejects with `storage` when the key cannot be read or
 * written, is malformed, or may be read by other users, and with `refused` when it does not solve the puzzle.
 */
export async function openIdentity(
  folder: string,
  primitives: Primitives,
  ids: NodeIds = new NodeIds(primitives),
  onAttempts?: (attempts: number) => void,
): Promise<NodeIdentity> {
  const path = join(folder, KEY_FILE)
  const kept = await readSeed(path)
  if (kept !== undefined) return identityFromSeed(primitives, kept, await keptId(path, primitives, ids, kept))
  const { seed, id } = await newSeed(primitives, ids, onAttempts)
  await keepSeed(path, seed)
  return identityFromSeed(primitives, seed, id)
}

/** An identity that is kept nowhere. `seed` has 32 bytes; `id` is the key's in a network with a puzzle. */
export function identityFromSeed(primitives: Primitives, seed: Uint8Array, id?: NodeId): NodeIdentity {
  const signer = signerOf(primitives, seed, id)
  const certificate = selfSignedCertificate(signer.publicKey, (message) => signer.sign(message))
  return { ...signer, keyPem: pemOf(seed), certificatePem: certificatePem(certificate) }
}

async function keptId(path: string, primitives: Primitives, ids: NodeIds, seed: Uint8Array): Promise<NodeId> {
  const verdict = await ids.judge(primitives.publicKey(seed), 'own')
  if (verdict !== 'unsolved') return verdict
  const network = ids.puzzled?.network ?? ''
  const puzzle = printPuzzle(ids.puzzled?.puzzle)
  const message =
    `the key ${path} was not made for the network "${network}", whose ids cost a puzzle (${puzzle}): its peers would refuse it. ` +
    'Move the file away to start there as a new node, or start with the --network and --puzzle that it was made for'
  throw new Failure('refused', message)
}

async function newSeed(
  primitives: Primitives,
  { puzzled }: NodeIds,
  onAttempts?: (attempts: number) => void,
): Promise<{ readonly seed: Bytes; readonly id?: NodeId }> {
  const drawSeed = (): Bytes => new Uint8Array(randomBytes(KEY_BYTES))
  return puzzled === undefined ? { seed: drawSeed() } : grindSeed(primitives, puzzled, drawSeed, onAttempts)
}

/** The seed in the key file, or undefined when there is no file. */
async function readSeed(path: string): Promise<Bytes | undefined> {
  const pem = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isCode(error, 'ENOENT')) return undefined
    throw new Failure('storage', `cannot read the node's key ${path}; make it readable to this user`, { cause: error })
  })
  if (pem === undefined) return undefined
  await refuseOpenPermissions(path)
  const seed = seedOf(pem)
  if (seed !== undefined) return seed
  throw new Failure('storage', `${path} is no Ed25519 key; restore it, or move it away to start as a new node`)
}

async function refuseOpenPermissions(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const { mode } = await stat(path)
  if ((mode & GROUP_AND_OTHERS) === 0) return
  throw new Failure('storage', `other users of this machine may read the node's key; run: chmod 600 ${path}`)
}

function seedOf(pem: string): Bytes | undefined {
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType !== 'ed25519') return undefined
    const seed = Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url')
    return seed.length === KEY_BYTES ? new Uint8Array(seed) : undefined
  } catch {
    return undefined
  }
}

function pemOf(seed: Uint8Array): string {
  return privateKeyOf(seed).export({ format: 'pem', type: 'pkcs8' }).toString()
}

async function keepSeed(path: string, seed: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeNew(path, pemOf(seed))
  } catch (error) {
    throw new Failure('storage', `cannot write the node's key ${path}; check the folder's permissions and free space`, {
      cause: error,
    })
  }
}

/** Whole and durable or not at all, and never over another key: linking fails where a file already is. */
async function writeNew(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await writeDurably(draft, text)
    await link(draft, path)
  } finally {
    await rm(draft, { force: true })
  }
  await syncFolder(dirname(path))
}

async function writeDurably(path: string, text: string): Promise<void> {
  await using file = await open(path, 'wx', 0o600)
  await file.writeFile(text)
  await file.sync()
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  await using handle = await open(folder, 'r')
  await handle.sync()
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
