/** What the benchmark of whole systems asks of each: to keep a file, and to give it back to another process. */

export interface Work {
  readonly seconds: number
  /** User and system time of all processes of the system, and of ours as far as it carried the bytes. */
  readonly cpuSeconds: number
}

export interface Put extends Work {
  /** What `get` asks by. */
  readonly reference: unknown
}

export interface Got extends Work {
  readonly firstByteMs: number
  /** Hexadecimal; checked after the clock has stopped. */
  readonly sha256: string
}

export interface SmallLoad {
  readonly count: number
  readonly bytes: number
  /** Calls under way. */
  readonly atOnce: number
}

/** Seconds for all of them. */
export interface SmallWork {
  readonly putSeconds: number
  readonly getSeconds: number
  /** Of the second time. */
  readonly warmGetSeconds: number
}

export interface Subject extends AsyncDisposable {
  /** Settles once the system says that the file is kept, whatever that means to it. */
  put(name: string, source: string, bytes: number): Promise<Put>
  /** By a process that does not have it yet. */
  get(reference: unknown): Promise<Got>
  /** Puts so many objects of so many bytes, then has another process get them all, and get them once more. */
  small(load: SmallLoad): Promise<SmallWork>
}

/** `dir` is an empty folder of its own. */
export type StartSubject = (dir: string) => Promise<Subject>
