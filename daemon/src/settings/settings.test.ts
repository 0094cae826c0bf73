import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { covers, isPersonal, parseNetRule, parseNetRules, type NetRule } from '@nexus/protocol/net-rule'
import type { Limits } from '@nexus/protocol/settings'
import { parseSettings } from './document.ts'
import { SettingsOnDisk } from './file.ts'
import { grant, grantNested } from './limits.ts'
import { grantNetwork } from './network.ts'

const NONE: Limits = { memoryBytes: null, processes: null, cpus: null, timeMs: null, diskBytes: null, files: null, outputBytes: null }

describe('a settings file', () => {
  test('says sizes and times as a person writes them', () => {
    expect(parseSettings('limits:\n  memory: 2GiB\n  disk: 500MB\n  time: 10m\n  processes: 100\n  cpus: 1.5\n  output: none\n')).toEqual({
      settings: { limits: { memory: 2 * 1024 ** 3, disk: 500_000_000, time: 600_000, processes: 100, cpus: 1.5, output: null } },
    })
    for (const empty of ['', '# nothing yet\n', 'limits: {}\n']) expect(parseSettings(empty)).toHaveProperty('settings')
  })

  test.each([
    ['limits:\n  memory: lots\n', 2, 11, 'limits.memory: expected a size such as 512MiB or 2GB, or none'],
    ['limits:\n  time: 10 minutes\n', 2, 9, 'limits.time: expected a duration such as 90s, 10m or 1h, or none'],
    ['limits:\n  processes: 0\n', 2, 14, 'limits.processes: '],
    ['limits:\n  memory: 1GiB\n  memmory: 1GiB\n', 3, 12, 'limits.memmory: is not a setting'],
    ['limit:\n  memory: 1GiB\n', 2, 3, 'limit: is not a setting'],
    ['limits:\n  memory: 1GiB\n  memory: 2GiB\n', 3, 3, 'Map keys must be unique'],
    ['limits: [\n', 2, 1, ''],
    ['just words\n', 1, 1, ''],
    ['a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n', 1, 1, 'Excessive alias count'],
  ])('that cannot be used says where: %j', (text, line, column, what) => {
    expect(parseSettings(text)).toEqual({ faults: [{ line, column, what: expect.stringContaining(what) as unknown }] })
  })

  describe('on the disk', () => {
    let folder: string
    beforeEach(() => { folder = fs.mkdtempSync(join(tmpdir(), 'nexus-settings-')) })
    afterEach(() => fs.rmSync(folder, { recursive: true, force: true }))

    test('what it said before stays in force while it cannot be used', () => {
      const path = join(folder, 'settings.yaml')
      const file = new SettingsOnDisk(path)
      expect(file.read()).toEqual({ found: false, settings: {}, faults: [] })
      fs.writeFileSync(path, 'limits: { processes: 5 }\n')
      const first = { found: true, settings: { limits: { processes: 5 } }, faults: [] }
      expect(file.read()).toEqual(first)
      fs.writeFileSync(path, 'limits: { processes: many }\n')
      expect(file.read()).toEqual({ ...first, faults: [expect.objectContaining({ path, line: 1, column: 22 })] })
      fs.rmSync(path)
      fs.mkdirSync(path)
      expect(file.read()).toEqual({ ...first, faults: [expect.objectContaining({ what: 'is not a file' })] })
      fs.rmdirSync(path)
      expect(file.read()).toEqual({ found: false, settings: {}, faults: [] })
    })

    test('a link out of the project tells nothing of where it leads, and no file keeps the daemon busy', () => {
      const project = join(folder, 'project')
      fs.mkdirSync(project)
      const path = join(project, 'settings.yaml')
      const file = new SettingsOnDisk(path, project)
      const whats = () => file.read().faults.map(({ what }) => what)
      fs.writeFileSync(join(folder, 'shadow'), 'root:secret::\n')
      fs.symlinkSync('../shadow', path)
      expect(whats()).toEqual(['is a link that leads out of the project'])
      fs.rmSync(path)
      fs.writeFileSync(join(project, 'own.yaml'), 'limits: { processes: 5 }\n')
      fs.symlinkSync('own.yaml', path)
      expect(file.read()).toEqual({ found: true, settings: { limits: { processes: 5 } }, faults: [] })
      for (const text of ['['.repeat(60_000), '? '.repeat(30_000), Array.from({ length: 4000 }, (_, at) => `k${at}: &a${at} {}\n`).join('')]) {
        fs.rmSync(path)
        fs.writeFileSync(path, text)
        expect(whats().length).toBeLessThanOrEqual(20)
        expect(whats().length).toBeGreaterThan(0)
      }
      fs.writeFileSync(path, 'x'.repeat(70_000))
      expect(whats()).toEqual(['is longer than 64 KiB'])
    })
  })
})

describe('what is in force', () => {
  const limit = fc.option(fc.integer({ min: 1, max: 100 }), { nil: null })
  const given = fc.record({ memory: limit, processes: limit, cpus: limit, time: limit, disk: limit, files: limit, output: limit }, { requiredKeys: [] })
  const loosest = (value: number | null) => value ?? Infinity

  test('a project that is not trusted only tightens; nobody passes the ceiling of the machine', () => {
    fc.assert(fc.property(given, given, given, fc.boolean(), (managed, user, project, isTrusted) => {
      const without = grant(NONE, { managed, user, project: undefined, isTrusted }).limits
      const { limits, refused } = grant(NONE, { managed, user, project, isTrusted })
      for (const [name, field] of [['memory', 'memoryBytes'], ['processes', 'processes'], ['cpus', 'cpus'], ['time', 'timeMs'], ['disk', 'diskBytes'], ['files', 'files'], ['output', 'outputBytes']] as const) {
        if (!isTrusted) expect(loosest(limits[field])).toBeLessThanOrEqual(loosest(without[field]))
        if (managed[name] !== undefined) expect(loosest(limits[field])).toBeLessThanOrEqual(loosest(managed[name]))
        if (project[name] === undefined) expect(limits[field]).toBe(without[field])
        expect(refused.some(({ setting }) => setting === `limits.${name}`)).toBe(project[name] !== undefined && limits[field] !== project[name])
      }
    }))
  })

  test('user namespaces inside: only who may loosen says on, everybody may say off', () => {
    const says = fc.constantFrom(true, false, undefined)
    fc.assert(fc.property(says, says, says, fc.boolean(), (managed, user, project, isTrusted) => {
      const { nested, refused } = grantNested({ managed, user, project, isTrusted })
      if (managed === false || project === false) expect(nested).toBe(false)
      if (nested) expect(user === true || (isTrusted && project === true)).toBe(true)
      expect(refused.length).toBe(project !== undefined && project !== nested ? 1 : 0)
    }))
  })

  test('a trusted project has what it asks for, up to the ceiling', () => {
    const asked = { managed: { memory: 50 }, user: { memory: 10, processes: 10 }, project: { memory: 90, processes: 90 }, isTrusted: true }
    expect(grant(NONE, asked)).toEqual({ limits: { ...NONE, memoryBytes: 50, processes: 90 }, refused: [{ setting: 'limits.memory', asked: '90', inForce: '50' }] })
  })
})

describe('the hosts that runs reach when they do not say', () => {
  const lists = fc.option(fc.subarray(['a.example', 'b.example:8443', '*.c.example', 'x.c.example', 'npm', 'localhost:3000', '10.0.0.1:80', 'in.corp=10.0.0.2']).map((allow) => ({ allow })), { nil: undefined })

  test('a project that is not trusted only leaves out; the machine has the last word; a project never opens the machine', () => {
    fc.assert(fc.property(lists, lists, lists, fc.boolean(), (managed, user, project, isTrusted) => {
      const without = grantNetwork({ managed, user, project: undefined, isTrusted }).network
      const { network, refused } = grantNetwork({ managed, user, project, isTrusted })
      if (!isTrusted) expect(without.allow).toEqual(expect.arrayContaining(network.allow))
      else expect(network.allow).toEqual(expect.arrayContaining(without.allow))
      const own = ruled(user)
      for (const text of network.allow.filter((one) => !own.includes(one))) expect(isPersonal(rule(text))).toBe(false)
      if (managed) for (const text of network.allow) expect(ruled(managed).some((outer) => covers(rule(outer), rule(text)))).toBe(true)
      expect(network.ceiling).toEqual(managed ? ruled(managed) : null)
      expect(refused.length).toBe(ruled(project).some((text) => !network.allow.some((outer) => covers(rule(outer), rule(text)))) ? 1 : 0)
    }))
  })

  test('a word that is no host is told with its place', () => {
    expect(parseSettings('network:\n  allow: [npm, "a b"]\n')).toEqual({ faults: [{ line: 2, column: 16, what: 'network.allow.1: a b: a b is neither a name nor an address' }] })
  })

  const rule = (text: string) => parseNetRule(text) as NetRule // one of those above
  const ruled = (given: { allow: string[] } | undefined): string[] => {
    const parsed = parseNetRules(given?.allow ?? [])
    return 'rules' in parsed ? parsed.rules.map(({ text }) => text) : []
  }
})
