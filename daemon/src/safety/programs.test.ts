import { expect, test } from 'vitest'
import { Models } from './models.ts'
import { PROGRAMS } from './programs/index.ts'
import { verdictOf } from './verdict.ts'

const models = new Models(PROGRAMS)

test('every model has an example, and no name has two models', () => {
  expect(PROGRAMS.filter(({ examples }) => Object.keys(examples).length === 0).map(({ names }) => names)).toEqual([])
  const names = PROGRAMS.flatMap(({ names: all }) => all.split(' '))
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
})

test('every rule of every model can be read', () => {
  for (const model of PROGRAMS) models.ready(model)
})

test('every example has its level', () => {
  const wrong = PROGRAMS.flatMap(({ examples }) => Object.entries(examples).flatMap(([command, level]) => {
    const verdict = verdictOf({ command }, models)
    return verdict.level === level ? [] : [`${command}: ${verdict.level}, not ${level}: ${verdict.reasons.join('; ')}`]
  }))
  expect(wrong).toEqual([])
})
