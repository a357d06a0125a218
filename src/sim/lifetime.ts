/**
 * From a process's start to its end. Whatever a process was given belongs to its life: when that ends, its timers never fire
 * and its calls never settle, so that what is left of its code cannot act any more, as after a power cut.
 */

export class Lifetime {
  /** The node whose process it is; -1 for the world itself, which never ends. */
  readonly node: number
  private hasEnded = false

  constructor(node: number) {
    this.node = node
  }

  get ended(): boolean {
    return this.hasEnded
  }

  end(): void {
    this.hasEnded = true
  }

  /** Settles as `promise` does while this life lasts, and never after it. */
  bind<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => {
          if (!this.hasEnded) resolve(value)
        },
        (error: unknown) => {
          if (!this.hasEnded) reject(error instanceof Error ? error : new Error(String(error)))
        },
      )
    })
  }
}

export const WORLD_NODE = -1

/** The world's own. Nobody ends it. */
export const WORLD_LIFE = new Lifetime(WORLD_NODE)
