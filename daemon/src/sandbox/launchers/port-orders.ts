/** Orders about ports and their answers: the launcher gives one for each, in order; one that has ended gives none. */
import { constants } from 'node:os'
import type { Pair } from './frames.ts'

export class PortOrders {
  readonly #say: (pairs: readonly Pair[]) => void
  readonly #waiting: ((errno: number) => void)[] = []
  #isOver = false

  constructor(say: (pairs: readonly Pair[]) => void) {
    this.#say = say
  }

  give(order: readonly Pair[]): Promise<number> {
    if (this.#isOver) return Promise.resolve(constants.errno.ESRCH)
    const { promise, resolve } = Promise.withResolvers<number>()
    this.#waiting.push(resolve)
    this.#say(order)
    return promise
  }

  answered(errno: number): void {
    this.#waiting.shift()?.(errno)
  }

  end(): void {
    this.#isOver = true
    for (const resolve of this.#waiting.splice(0)) resolve(constants.errno.ESRCH)
  }
}
