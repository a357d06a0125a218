/**
 * The four bytes that the dialling side sends first inside TLS: `M`, `F`, the protocol's version (1) and the channel (0 control,
 * 1 bulk). Inside rather than in ALPN, so that an observer does not learn from the handshake what runs here.
 */
import type { Duplex } from 'node:stream'
import { Failure } from '../base/failure.ts'
import type { Bytes } from '../base/bytes.ts'
import type { Channel } from '../ports/connection.ts'

const MAGIC = [0x4d, 0x46, 1] as const
const CHANNELS: readonly Channel[] = ['control', 'bulk']
const PREAMBLE_BYTES = 4

export function preambleOf(channel: Channel): Bytes {
  return Uint8Array.of(...MAGIC, CHANNELS.indexOf(channel))
}

/** Takes the preamble off the stream and leaves the rest in it. Rejects with `refused` when the peer speaks something else. */
export async function readPreamble(stream: Duplex): Promise<Channel> {
  const bytes = await readExactly(stream, PREAMBLE_BYTES)
  const channel = CHANNELS[bytes[MAGIC.length] ?? -1]
  const ours = MAGIC.every((byte, at) => bytes[at] === byte)
  if (ours && channel !== undefined) return channel
  throw new Failure('refused', 'the peer speaks another protocol or version')
}

function readExactly(stream: Duplex, count: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const settle = (action: () => void): void => {
      stream.off('readable', onReadable)
      stream.off('close', onClose)
      action()
    }
    const onReadable = (): void => {
      const bytes = stream.read(count) as Uint8Array | null
      if (bytes === null) return
      settle(() => {
        // A stream at its end hands out what is left, however little.
        if (bytes.length === count) resolve(bytes)
        else reject(new Failure('refused', 'the peer closed before its preamble'))
      })
    }
    const onClose = (): void => {
      settle(() => {
        reject(new Failure('refused', 'the peer closed before its preamble'))
      })
    }
    stream.on('readable', onReadable)
    stream.on('close', onClose)
    onReadable()
  })
}
