/** One thing that any system must do with each byte, as fast as this machine does it bare. */
export interface Floor {
  readonly name: string
  /** Of the bytes that it was measured with. */
  readonly bytes: number
  readonly seconds: number
  /** User and system time of all processes that took part. */
  readonly cpuSeconds: number
}
