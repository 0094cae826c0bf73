/** One parser's mistake must not be a verdict's: a second one, by other people, reads the same texts. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Models } from '@nexus/daemon/safety/models'
import { PROGRAMS } from '@nexus/daemon/safety/programs/index'
import { verdictOf } from '@nexus/daemon/safety/verdict'
import { levelSchema } from '@nexus/protocol/safety'
import { corpus } from './corpus/corpus.ts'
import { hostile } from './corpus/hostile.ts'
import { mutantsOf } from './corpus/mutants.ts'
import { SecondParser, seenByOurs, type Seen } from './corpus/second-parser.ts'
import { Dice, isEndurance, seed } from './crash/dice.ts'
import { proves } from './requirements.ts'

const models = new Models(PROGRAMS)
const rank = (command: string) => levelSchema.options.indexOf(verdictOf({ command, shell: 'bash' }, models).level)
const CRITICAL = levelSchema.options.indexOf('critical')
const LINE_MAX = 4096

let second: SecondParser
beforeAll(async () => { second = await SecondParser.create() })
afterAll(() => second[Symbol.dispose]())

/** What the second parser does otherwise, and why ours is right: bash does as ours. */
const KNOWN: readonly (readonly [text: RegExp, why: string])[] = [
  [/(^|[;&|(]\s*)time\b/, '`time` is a word of the grammar, not a command'],
  [/(^|\s|[({])\{\w[^}\s]*,/, 'a name that braces make'],
  [/\$IFS[-/]/, 'a variable ends where its name ends'],
  [/\d<>/, 'a descriptor opened for both directions'],
  [/>\s*\S+\s*<<</, 'a here-string behind another redirection'],
  [/\$\{\w+[#%^,/]+\$\(|[@?*+!]\(\S*\$\(/, 'a command in a pattern: it sees none there'],
]

const plain = corpus().filter(({ shell }) => shell === undefined)

test(proves('a second parser sees the same commands in the corpus; every difference has a reason', 'SAFE-2'), () => {
  const differing = plain.filter(({ command }) => differs(seenByOurs(command), second.read(command)))
  expect(differing.filter(({ command }) => !KNOWN.some(([text]) => text.test(command))).map(({ command }) => command)).toEqual([])
  expect(differing.length).toBeLessThan(plain.length / 100)
})

test(proves('a command that only the second parser sees does not make a verdict too low', 'SAFE-2'), () => {
  const dice = new Dice(seed)
  const mutants = plain.filter(({ level }) => level === 'critical').filter((_, at) => isEndurance || at % 6 === seed % 6).flatMap(({ command }) => mutantsOf(command).map((mutant) => mutant.command))
  const lines = hostile(() => dice.below(2 ** 30) / 2 ** 30, isEndurance ? 10_000 : 1500).map(({ text }) => text).filter((text) => text.length < LINE_MAX && !ESCAPED_BLANK.test(text))
  const low = [...[...plain.map(({ command }) => command), ...mutants].flatMap((text) => tooLow(text, true)), ...lines.flatMap((text) => tooLow(text, false))]
  expect(low.slice(0, 5)).toEqual([])
})

/** For bash (and ours) it begins a word, so that `\\ rm` is no rm; the second parser passes over it. */
const ESCAPED_BLANK = /\\\s/

/**
 * Of a text that means something each command counts in full where the second one reads the whole; where it only guesses its way through,
 * what is critical must at least be flagged. In noise the latter holds of what it reads as a whole: what it guesses there, bash does not do.
 */
function tooLow(text: string, isMeant: boolean): string[] {
  const [own, other] = [seenByOurs(text), second.read(text)]
  if (own.isBroken || !differs(own, other) || (other.isBroken && !isMeant)) return []
  const found = rank(text)
  return [...other.commands].filter(([name]) => !own.commands.has(name)).flatMap(([, command]) => {
    const wanted = rank(command)
    const isLow = other.isBroken || !isMeant ? wanted === CRITICAL && found < CRITICAL - 1 : wanted > found
    return isLow ? [`${JSON.stringify(text.slice(0, 200))}: only the second parser sees ${JSON.stringify(command.slice(0, 100))}`] : []
  })
}

function differs(own: Seen, other: Seen): boolean {
  if (own.isBroken) return false
  return other.isBroken || own.commands.size !== other.commands.size || [...own.commands.keys()].some((name) => !other.commands.has(name))
}
