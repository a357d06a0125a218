/** Puts test vectors into docs/format/vectors/, formatted as the rest of the project. */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'

/** Replaces the vectors' file. */
export async function writeVectors(fileName: string, vectors: object): Promise<void> {
  const target = new URL(`../docs/format/vectors/${fileName}`, import.meta.url)
  const style = await resolveConfig(target)
  await writeFile(target, await format(JSON.stringify(vectors), { ...style, filepath: fileURLToPath(target) }))
}
