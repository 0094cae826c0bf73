/** Random words for renamer.c: few names, so that they meet. */

export type Random = (below: number) => number

/** The same numbers for the same seed (a linear congruence): a failure can be repeated. */
export function generator(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const NAMES = ['a', 'b', 'c'] as const

/** What makes the tree, and what is done with it. */
export function randomRenames(random: Random, length = 25): { start: string[]; words: string[] } {
  const name = () => NAMES[random(NAMES.length)] ?? 'a'
  const path = () => Array.from({ length: 1 + random(3) }, name).join('/')
  const start = NAMES.flatMap((top) => [`mkdir ${top}`, ...NAMES.flatMap((below) => [
    random(3) > 0 ? `mkdir ${top}/${below}` : `write ${top}/${below} ${top}${below}`, ...(random(2) > 0 ? [`write ${top}/${below}/${name()} deep${random(9)}`] : []),
  ])])
  const kinds: readonly (() => string)[] = [
    ...Array.from({ length: 8 }, () => () => `rename ${path()} ${path()}`),
    () => `exchange ${path()} ${path()}`, () => `noreplace ${path()} ${path()}`, () => `absolute ${path()} ${path()}`, () => `at ${path()} ${name()} ${path()}`,
    () => `write ${path()} new${random(100)}`, () => `write ${path()} new${random(100)}`, () => `append ${path()} more${random(10)}`,
    () => `mkdir ${path()}`, () => `unlink ${path()}`, () => `rm ${path()}`, () => `symlink nowhere ${path()}`, () => `link ${path()} ${path()}`,
  ]
  return { start, words: Array.from({ length }, () => (kinds[random(kinds.length)] ?? path)()) }
}
