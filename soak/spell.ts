/** A spell of load and faults, which ends the parts of a run together, whatever they are waiting for. */

export class Spell {
  private isOver = false
  private readonly sleepers = new Set<() => void>()

  /** False once all is over, and then at once. */
  async sleep(ms: number): Promise<boolean> {
    if (!this.isOver) await this.nap(ms)
    return !this.isOver
  }

  end(): void {
    this.isOver = true
    for (const wake of this.sleepers) wake()
  }

  private nap(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.sleepers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      this.sleepers.add(wake)
    })
  }
}
