/** TLS connections of a node that can end as with its process: all at once, and without a word to anybody. */
import { TlsConnection } from '../../src/drivers/tlsConnection.ts'
import { TlsTransport } from '../../src/drivers/tlsTransport.ts'
import type { Channel, Connection, Contact } from '../../src/ports/connection.ts'

export class CrashableTransport extends TlsTransport {
  private readonly made = new Set<Connection>()

  override listen(onConnection: (connection: Connection) => void): Promise<void> {
    return super.listen((connection) => {
      this.made.add(connection)
      onConnection(connection)
    })
  }

  override async dial(peer: Contact, channel: Channel, signal: AbortSignal): Promise<Connection> {
    const connection = await super.dial(peer, channel, signal)
    this.made.add(connection)
    return connection
  }

  /** Destroys every socket and closes the listener within this call. */
  crash(): void {
    for (const connection of this.made) {
      if (connection instanceof TlsConnection) connection.abort('crashed')
    }
    void this.close()
  }
}
