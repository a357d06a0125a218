/** Many calls, so many of them under way: the same for all systems, so that they are asked alike. */

/** Calls `work` with 0 .. count - 1; settles when all have ended, and rejects with the first that fails. */
export async function eachAtOnce(count: number, atOnce: number, work: (nth: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    for (let nth = next++; nth < count; nth = next++) await work(nth)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
