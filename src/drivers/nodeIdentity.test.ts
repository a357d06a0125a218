/** A node's identity stays the same over restarts, and a key file that cannot be trusted stops the node. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isFailure } from '../base/failure.ts'
import { NodeIds } from '../crypto/nodeIds.ts'
import { certificatePem, certifiedKey, selfSignedCertificate } from './certificate.ts'
import { identityFromSeed, openIdentity } from './nodeIdentity.ts'
import { NodeMemoryHard } from './nodeMemoryHard.ts'
import { NodePrimitives } from './nodePrimitives.ts'

const primitives = new NodePrimitives()

/** As a node of the first version wrote it, and the id that it had. It does not solve the puzzle below. */
const OLD_KEY = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH
-----END PRIVATE KEY-----
`
const OLD_ID = 'fe812c12f3ab4ce6ac5db69ac352f906cb1b11ef43fb33e252ef7ff552263889'

/** Ids of a network with a puzzle that takes no time. */
function puzzledIds(network = 'test'): NodeIds {
  const puzzle = { memoryKib: 64, passes: 1, difficultyBits: 4 }
  return new NodeIds(primitives, { network, puzzle, memoryHard: new NodeMemoryHard() })
}

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'mainframe-identity-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

void test('a node that starts again is the same node, with its key private to its user', async () => {
  await using folder = await temporaryFolder()
  const nodeFolder = join(folder.path, 'new', 'node')
  const first = await openIdentity(nodeFolder, primitives)
  const second = await openIdentity(nodeFolder, primitives)
  assert.equal(second.id, first.id)
  assert.equal((await stat(join(nodeFolder, 'identity.key'))).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(nodeFolder), ['identity.key'])
})

void test('where ids cost a puzzle a key is found that solves it, once', async () => {
  await using folder = await temporaryFolder()
  const told: number[] = []
  const first = await openIdentity(folder.path, primitives, puzzledIds(), (attempts) => told.push(attempts))
  assert.equal(told[0], 0)
  assert.equal(await puzzledIds().judge(first.publicKey, 'own'), first.id)
  const second = await openIdentity(folder.path, primitives, puzzledIds(), () => assert.fail('the key is there'))
  assert.deepEqual([second.id, second.publicKey], [first.id, first.publicKey])
  assert.deepEqual(await readdir(folder.path), ['identity.key'])
})

void test('a key file from before there were puzzles goes on working where ids cost none, under the same id', async () => {
  await using folder = await temporaryFolder()
  await writeFile(join(folder.path, 'identity.key'), OLD_KEY, { mode: 0o600 })
  assert.equal((await openIdentity(folder.path, primitives)).id, OLD_ID)
})

void test('a key that does not solve the network’s puzzle is refused and left alone, with what to do', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'identity.key')
  await writeFile(path, OLD_KEY, { mode: 0o600 })
  await assert.rejects(
    openIdentity(folder.path, primitives, puzzledIds()),
    (error) => isFailure(error, 'refused') && /"test".*64KiB,1,4.*Move the file away/.test(error.message),
  )
  assert.equal(await readFile(path, 'utf8'), OLD_KEY)
})

void test('its signatures verify under its public key, whose hash is its id', async () => {
  const identity = identityFromSeed(primitives, new Uint8Array(32).fill(1))
  const message = new Uint8Array(10)
  assert.ok(primitives.verify(identity.publicKey, message, identity.sign(message)))
  assert.equal(identity.id, Buffer.from(primitives.hash(identity.publicKey)).toString('hex'))
})

void test('its certificate is well-formed, signed by its key, and carries it', () => {
  const identity = identityFromSeed(primitives, new Uint8Array(32).fill(1))
  const certificate = new X509Certificate(identity.certificatePem)
  assert.ok(certificate.verify(certificate.publicKey))
  assert.deepEqual(certifiedKey(certificate), identity.publicKey)
  assert.equal(certificate.validTo, 'Dec 31 23:59:59 9999 GMT')
})

void test('a certificate signed by another key does not verify', () => {
  const { publicKey } = identityFromSeed(primitives, new Uint8Array(32).fill(1))
  const other = identityFromSeed(primitives, new Uint8Array(32).fill(2))
  const forged = new X509Certificate(certificatePem(selfSignedCertificate(publicKey, (body) => other.sign(body))))
  assert.ok(!forged.verify(forged.publicKey))
})

void test('a malformed key file, or one with another kind of key, is refused and left alone', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'identity.key')
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' })
  for (const text of ['', 'garbage', p256.toString()]) {
    await writeFile(path, text, { mode: 0o600 })
    await assert.rejects(openIdentity(folder.path, primitives), (error) => isFailure(error, 'storage'))
    assert.equal(await readFile(path, 'utf8'), text)
  }
})

void test('a key file that others may read is refused, with the command that helps', async () => {
  await using folder = await temporaryFolder()
  await openIdentity(folder.path, primitives)
  await chmod(join(folder.path, 'identity.key'), 0o644)
  await assert.rejects(
    openIdentity(folder.path, primitives),
    (error) => isFailure(error, 'storage') && error.message.includes('chmod 600'),
  )
})

void test('a folder that cannot be written is a storage failure', async () => {
  await using folder = await temporaryFolder()
  await writeFile(join(folder.path, 'file'), '')
  const inside = join(folder.path, 'file', 'node')
  await assert.rejects(openIdentity(inside, primitives), (error) => isFailure(error, 'storage'))
})

void test('of two nodes that start in one new folder at once, none overwrites the other’s key', async () => {
  await using folder = await temporaryFolder()
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => openIdentity(folder.path, primitives)))
  const kept = await openIdentity(folder.path, primitives)
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') assert.equal(outcome.value.id, kept.id)
    else assert.ok(isFailure(outcome.reason, 'storage'))
  }
})
