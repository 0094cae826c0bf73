/** Settings as a user meets them: what is in force, from where, and what a project may ask for. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { settingsSchema } from '@nexus/protocol/settings'
import { Nexus } from './nexus.ts'

let nexus: Nexus
beforeAll(() => { nexus = new Nexus() })
afterAll(() => nexus[Symbol.asyncDispose]())

const show = async (...words: string[]) => {
  const ended = await nexus.call('settings', '--json', ...words)
  return { code: ended.code, settings: settingsSchema.parse(JSON.parse(ended.stdout)) }
}

test('generous defaults, then the user\'s, then a project that only tightens until it is trusted', async () => {
  const { settings: defaults } = await show()
  expect(defaults.limits.processes).toBe(8192)
  expect(defaults.sources.map(({ kind, found }) => [kind, found])).toEqual([['managed', false], ['user', false], ['project', false]])

  writeFileSync(join(nexus.base, 'state/config.yaml'), 'limits:\n  processes: 300\n  time: 1h\n')
  mkdirSync(join(nexus.project, '.nexus'), { recursive: true })
  writeFileSync(join(nexus.project, '.nexus/settings.yaml'), 'limits:\n  processes: 400\n  time: 10m\n')
  expect((await show()).settings).toMatchObject({ limits: { processes: 300, timeMs: 600_000 }, refused: [{ setting: 'limits.processes', asked: '400', inForce: '300' }] })
  expect((await show('trust')).settings).toMatchObject({ limits: { processes: 400, timeMs: 600_000 }, refused: [] })
  expect((await show('distrust')).settings.limits.processes).toBe(300)
  const { stdout } = await nexus.call('events', '--json')
  expect(stdout.match(/"project\.(dis)?trusted"/g)).toEqual(['"project.trusted"', '"project.distrusted"'])
})

test('a mistake is told with its place, and what was said before stays in force', async () => {
  writeFileSync(join(nexus.project, '.nexus/settings.yaml'), 'limits:\n  processes: 20\n')
  expect((await show()).settings.limits.processes).toBe(20)
  writeFileSync(join(nexus.project, '.nexus/settings.yaml'), 'limits:\n  processes: many\n')
  const { code, settings } = await show()
  expect(code).toBe(2)
  expect(settings.limits.processes).toBe(20)
  const told = await nexus.call('settings')
  expect(told.stderr).toContain(`${join(nexus.project, '.nexus/settings.yaml')}:2:14: limits.processes`)
  expect((await nexus.call('settings', 'forget')).code).toBe(2)
})
