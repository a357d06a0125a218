/**
 * Compiles the kernel's AssemblyScript to WASM and writes it as text into src/coding/kernel/wasm.ts. With `--check` it
 * writes nothing and fails when that file is not what a build gives.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { MEMORY_PAGES } from '../src/coding/kernel/layout.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const TARGET = new URL('../src/coding/kernel/wasm.ts', import.meta.url)

/** What is used of the compiler. Its own types are not imported: they redeclare globals such as `console`. */
interface Compiler {
  main(
    options: readonly string[],
    api: { writeFile(name: string, contents: string | Uint8Array): void },
  ): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>
}

/** The text of src/coding/kernel/wasm.ts as the sources say it should be. Rejects with the compiler's words. */
export async function buildKernel(): Promise<string> {
  const { error, stderr, binary } = await compile()
  if (error !== null || binary === undefined) throw new Error(stderr, { cause: error })
  return moduleText(Buffer.from(binary).toString('base64'))
}

async function compile(): Promise<{ error: Error | null; stderr: string; binary: Uint8Array | undefined }> {
  const { default: asc } = (await import(import.meta.resolve('assemblyscript/asc'))) as { default: Compiler }
  const written = new Map<string, Uint8Array>()
  const options = [
    '-O3',
    '--enable',
    'simd',
    '--runtime',
    'stub',
    '--noAssert',
    '--initialMemory',
    String(MEMORY_PAGES),
  ]
  const { error, stderr } = await asc.main(
    ['src/coding/kernel/assembly/index.ts', '--baseDir', ROOT, '--outFile', 'kernel.wasm', ...options],
    {
      writeFile(name, contents) {
        written.set(name, typeof contents === 'string' ? Buffer.from(contents) : contents)
      },
    },
  )
  return { error, stderr: stderr.toString(), binary: written.get('kernel.wasm') }
}

function moduleText(base64: string): string {
  const lines = base64.match(/.{1,116}/g) ?? []
  return [
    '/** The compiled kernel in base64. Generated from assembly/ by scripts/buildKernel.ts; do not edit. */',
    '// prettier-ignore',
    'export const KERNEL_WASM =',
    lines.map((line) => `  '${line}'`).join(' +\n'),
    '',
  ].join('\n')
}

async function run(): Promise<void> {
  const built = await buildKernel()
  if (!process.argv.includes('--check')) return writeFile(TARGET, built)
  if (built === (await readFile(TARGET, 'utf8'))) return
  console.error('src/coding/kernel/wasm.ts is not what its sources give: run scripts/buildKernel.ts and commit it')
  process.exitCode = 1
}

if (import.meta.main) await run()
