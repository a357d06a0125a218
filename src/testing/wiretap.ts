/** Listens to everything a node sends: each chunk of each frame, before the network has it. */
import type { Connection, Transport } from '../ports/connection.ts'
import { alteredPort } from './alteredPort.ts'

/** `transport`, with `onBytes` told of all that any of its connections sends. */
export function wiretap(transport: Transport, onBytes: (bytes: Uint8Array) => void): Transport {
  return alteredPort(transport, {
    listen: (onConnection) => transport.listen((connection) => onConnection(tapped(connection, onBytes))),
    dial: async (...args) => tapped(await transport.dial(...args), onBytes),
  })
}

function tapped(connection: Connection, onBytes: (bytes: Uint8Array) => void): Connection {
  return alteredPort(connection, {
    send: (chunks) => {
      for (const chunk of chunks) onBytes(chunk)
      connection.send(chunks)
    },
  })
}
