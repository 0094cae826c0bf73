/** Chance that can be repeated: the seed is printed, NEXUS_SEED sets it. */
export const seed = Number(process.env.NEXUS_SEED ?? Date.now() % 2 ** 31)
export const isEndurance = process.env.NEXUS_ENDURANCE === '1'

export class Dice {
  #state: number

  constructor(start: number) {
    this.#state = start >>> 0
  }

  /** A whole number from 0 to below `end` (mulberry32). */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end
  }

  /** Some of the list, in another order; all of it when there are no more. */
  some<Item>(items: readonly Item[], count: number): Item[] {
    const left = [...items]
    const chosen: Item[] = []
    while (chosen.length < count && left.length > 0) chosen.push(...left.splice(this.below(left.length), 1))
    return chosen
  }
}
