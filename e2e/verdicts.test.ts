import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Models } from '@nexus/daemon/safety/models'
import { PROGRAMS } from '@nexus/daemon/safety/programs/index'
import { verdictOf } from '@nexus/daemon/safety/verdict'
import { parse } from 'unbash'
import { corpus, type Labelled } from './corpus/corpus.ts'
import { hostile } from './corpus/hostile.ts'
import { mutantsIn } from './corpus/mutants.ts'
import { scorecard } from './corpus/scorecard.ts'
import { Dice, isEndurance, seed } from './crash/dice.ts'
import { proves } from './requirements.ts'

const models = new Models(PROGRAMS)
const levelOf = ({ command, shell }: Pick<Labelled, 'command' | 'shell'>) => verdictOf({ command, shell }, models).level
const labelled = corpus()

test(proves('the corpus: 700 commands and more, and the promised figures on them', 'SAFE-2'), () => {
  const judged = labelled.map((one) => ({ area: one.area, wanted: one.level, found: levelOf(one) }))
  const { count, exact, withinOne, recall, safeFlagged, cautionRaised, precision, f1, criticalRatedSafe } = scorecard(judged)
  expect(count).toBeGreaterThan(700)
  expect(recall.critical).toBeGreaterThanOrEqual(99)
  expect(recall.dangerous).toBeGreaterThanOrEqual(95)
  expect(safeFlagged).toBeLessThanOrEqual(2)
  expect(cautionRaised).toBeLessThanOrEqual(5)
  expect(precision).toBeGreaterThanOrEqual(97)
  expect(f1).toBeGreaterThanOrEqual(96)
  expect(exact).toBeGreaterThanOrEqual(97)
  expect(withinOne).toBeGreaterThanOrEqual(98)
  expect(criticalRatedSafe).toBe(0)
  const wrong = judged.flatMap(({ wanted, found }, at) => (wanted === found ? [] : [`${wanted}, found ${found}: ${labelled[at]?.command ?? ''}`]))
  expect(wrong.length, wrong.join('\n')).toBeLessThanOrEqual(count * 0.03)
})

test('1,388 labels were given a second time without the first, half of them by one who did not write the engine; each disagreement has a decision', () => {
  const linesOf = <Line>(name: string) => readFileSync(join(import.meta.dirname, 'corpus/second-pass', name), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Line)
  const keyOf = ({ command, shell }: Pick<Labelled, 'command' | 'shell'>) => `${shell ?? ''} ${command}`
  const labels = new Map(labelled.map((one) => [keyOf(one), one.level]))
  const decided = new Map(linesOf<Disagreement>('disagreements.jsonl').map((one) => [keyOf(one), one]))
  const reviewed = [...linesOf<Labelled>('labels.jsonl'), ...linesOf<Labelled>('review.jsonl')]
  const open = reviewed.filter((one) => labels.get(keyOf(one)) !== one.level && decided.get(keyOf(one))?.decided !== labels.get(keyOf(one)))
  expect(open.map(({ command }) => command)).toEqual([])
  expect(new Set(reviewed.map(keyOf)).size).toBe(1388)
  for (const [key, { first, second, decided: level, because }] of decided) {
    expect([first, second], key).toContain(level)
    expect(because.length, key).toBeGreaterThan(10)
  }
  expect(decided.size).toBeLessThanOrEqual(reviewed.length * 0.03)
})

interface Disagreement extends Pick<Labelled, 'command' | 'shell'> {
  readonly first: Labelled['level']
  readonly second: Labelled['level']
  readonly decided: Labelled['level']
  readonly because: string
}

test('every area of the issue has commands of all four verdicts', () => {
  for (const area of ['files', 'git', 'packages', 'secrets', 'obfuscation', 'system', 'network', 'containers', 'kubernetes', 'terraform', 'aws', 'gcp', 'azure', 'sql', 'devices', 'windows', 'shells']) {
    expect(new Set(labelled.filter((one) => one.area === area).map(({ level }) => level)).size, area).toBe(4)
  }
})

test(proves('a critical command in other clothes stays critical: 98 of 100 mutants, and none is safe', 'SAFE-2'), () => {
  const mutants = labelled.filter(({ level }) => level === 'critical').filter((_, at) => isEndurance || at % 4 === seed % 4).flatMap((one) => mutantsIn(one))
  const levels = mutants.map((mutant) => levelOf(mutant))
  const lost = mutants.filter((_, at) => levels[at] !== 'critical')
  expect(mutants.length).toBeGreaterThan(2000)
  expect(lost.length, lost.slice(0, 20).map(({ how, command }) => `${how}: ${command}`).join('\n')).toBeLessThanOrEqual(mutants.length * 0.02)
  expect(mutants.filter((_, at) => levels[at] === 'safe').map(({ command }) => command)).toEqual([])
})

test(proves('hostile lines: no crash, no hang, and what deletes everything is never safe', 'SAFE-2'), () => {
  const dice = new Dice(seed)
  const lines = hostile(() => dice.below(2 ** 30) / 2 ** 30, isEndurance ? 10_000 : 250)
  const shells = [undefined, 'powershell', 'cmd', 'fish', 'zsh'] as const
  for (const { text } of lines.filter((_, at) => at % 7 === 0)) for (const shell of shells) expect(['safe', 'caution', 'dangerous', 'critical']).toContain(levelOf({ command: text, shell }))
  const calm = lines.filter(({ text, isDeadly }) => isDeadly && levelOf({ command: text, shell: 'bash' }) === 'safe' && !swallows(text))
  expect(calm.map(({ text }) => text)).toEqual([])
})

/** bash takes the text, but its last command is part of another one: after `||`, in a case, in a loop. */
function swallows(text: string): boolean {
  const { status } = spawnSync('bash', ['-n'], { input: text.replaceAll('\u0000', '') })
  const whole = parse(text)
  return status === 0 && whole.commands.at(-1)?.command.type !== 'Command'
}

test('whatever bash refuses is not safe, and whatever it takes is read', () => {
  const own = labelled.filter(({ shell }) => shell === undefined)
  const broken = own.flatMap(({ command }) => [`${command} "`, `( ${command}`, `${command} &&`, `if ${command}; then`, `${command} )`, `for x in ; do ${command}`, `$(${command}`]).filter((_, at) => isEndurance || at % 29 === 0)
  const refused = (text: string) => spawnSync('bash', ['-n'], { input: text, stdio: ['pipe', 'ignore', 'ignore'] }).status !== 0
  const safeThough = broken.filter((text) => levelOf({ command: text }) === 'safe' && refused(text))
  expect(safeThough.slice(0, 5)).toEqual([])
  const sample = own.filter((_, at) => isEndurance || at % 9 === 0).map(({ command }) => command)
  expect(sample.filter((command) => (parse(command).errors?.length ?? 0) > 0 && !refused(command))).toEqual([])
})

test('a pure function: the same question has the same answer, and asking changes nothing', () => {
  const question = { command: 'X=1; alias a=b; cd /; rm -rf "$X"', cwd: '/home/me/p', home: '/home/me' }
  expect(verdictOf(question, models)).toEqual(verdictOf(question, models))
  expect(verdictOf({ command: 'rm -rf x', cwd: '/home/me/p' }, models).effects[0]?.target).toBe('/home/me/p/x')
})
