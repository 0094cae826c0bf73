/** One apply, rollback or recovery at a time per project. */
export class Lanes {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Waits for its turn, then works. */
  async take<Result>(project: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(project)
    // A failure before us is told to whoever asked for that work.
    const turn = (async () => { await before?.catch(() => {}); return await work() })()
    this.#last.set(project, turn)
    try {
      return await turn
    } finally {
      if (this.#last.get(project) === turn) this.#last.delete(project)
    }
  }
}
