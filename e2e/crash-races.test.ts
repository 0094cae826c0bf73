/** Somebody else is at work during an apply, stopped at the very call: edits, swapped folders, a second apply. The titles are those of the crash table. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Dice, isEndurance, seed } from './crash/dice.ts'
import { RACES } from './crash/fault-table.ts'
import { KINDS, PLACES, Shim } from './crash/faults.ts'
import { ACTS, Theatre } from './crash/theatre.ts'
import { Nexus } from './nexus.ts'
import { proves } from './requirements.ts'

const shim = Shim.compile()
afterAll(() => shim?.[Symbol.dispose]())
console.log(`seed ${seed} (repeat with NEXUS_SEED=${seed})`)

/** The first step of the host: everything has been compared and staged. */
const FIRST_STEP = { at: 1, kinds: KINDS.name, where: PLACES.project }

test('every race of the table has a test', () => {
  const titles = readFileSync(import.meta.filename, 'utf8')
  expect(RACES.filter(({ id }) => !titles.includes(`proves('${id}'`))).toEqual([])
})

describe.each([{ title: 'with the helper', native: true }, { title: 'without the helper', native: false }])('$title', ({ native }) => {
  if (!shim) return test('races', ({ skip }) => skip('needs gcc: apt-get install gcc libc6-dev'))
  const dice = new Dice(seed)
  let theatre: Theatre
  let apply: string[]

  beforeAll(async () => {
    theatre = await Theatre.open(shim, { native })
    await theatre.rehearse()
    apply = theatre.wordsOf('apply')
  })
  afterEach(async () => {
    // Leaves the host as the record has it: each test has put its own edits right.
    await theatre.bringTo('before')
    expect(await theatre.complaints('before')).toEqual([])
  })
  afterAll(async () => await theatre[Symbol.asyncDispose]())

  const EDITS = [{ how: 'in place', shell: 'echo mine >edited' }, { how: 'by a rename, as editors do', shell: 'echo mine >edited~; mv edited~ edited' }]
  test.each(EDITS)(proves('an edit before its step', 'RUN-4', 'PERF-8') + ' ($how)', async ({ shell }) => {
    const ended = await theatre.interrupted(apply, FIRST_STEP, () => theatre.host(shell))
    expect(ended).toMatchObject({ code: 3 })
    expect(await theatre.show()).toMatchObject({ status: expect.stringMatching(/^(kept|rolled-back)$/) as string, conflicts: [{ path: 'edited', reason: 'changed' }] })
    expect(content('edited')).toBe('mine\n')
    expect(contentDifferences()).toEqual(['edited'])
    theatre.host("echo old >edited; touch -d '2021-03-04 05:06:07.123456789' edited .")
  })

  test(proves('an edit after its step', 'RUN-4', 'PERF-8'), async () => {
    const ended = await theatre.interrupted(apply, { at: 1, kinds: KINDS.name, where: PLACES.project, ending: `.nexus-stage-${theatre.run}` }, () => theatre.host('echo mine >edited'))
    expect(ended).toMatchObject({ code: 0 })
    expect(await theatre.show()).toMatchObject({ status: 'applied' })
    expect(content('edited')).toBe('mine\n')
    expect(await theatre.nexus.call(...theatre.wordsOf('rollback'))).toMatchObject({ code: 3 })
    expect(content('edited')).toBe('mine\n')
    theatre.host("printf 'old\\nnew\\n' >edited; chmod 644 edited")
  })

  test(proves('a folder that becomes a link', 'RUN-4', 'PERF-8'), async () => {
    const elsewhere = join(theatre.nexus.base, 'elsewhere')
    mkdirSync(elsewhere)
    const ended = await theatre.interrupted(apply, FIRST_STEP, () => theatre.host(`mv tight ../tight-aside; ln -s ${elsewhere} tight`))
    expect(ended).toMatchObject({ code: 3 })
    expect(readdirSync(elsewhere)).toEqual([])
    expect(contentDifferences()).toEqual(['tight', 'tight/t'])
    theatre.host("rm tight; mv ../tight-aside tight; chmod 500 tight; touch -d '2021-03-04 05:06:07.123456789' tight .")
  })

  test(proves('a new file in a folder that goes', 'RUN-4', 'PERF-8'), async () => {
    const ended = await theatre.interrupted(apply, FIRST_STEP, () => theatre.host('echo mine >gone/mine'))
    expect(ended).toMatchObject({ code: 3 })
    expect(contentDifferences()).toEqual(['gone/mine'])
    theatre.host("rm gone/mine; touch -d '2021-03-04 05:06:07.123456789' gone .")
  })

  test(proves('two clients, one run', 'RUN-5', 'PERF-8'), async () => {
    // Without the helper the daemon itself waits at that call, and whoever comes is answered after the apply.
    const others = native ? [apply, ['rollback', theatre.run], ['discard', theatre.run]] : [apply]
    let refused: Promise<unknown[]> | undefined
    const first = await theatre.interrupted(apply, FIRST_STEP, async () => {
      refused = Promise.all(others.map((words) => theatre.nexus.call(...words)))
      if (native) expect(await refused).toMatchObject(others.map(() => ({ code: 126 })))
    })
    await refused
    expect(first).toMatchObject({ code: 0 })
    expect(await theatre.complaints('all')).toEqual([])
  })

  test(proves('two runs, one path', 'RUN-4', 'RUN-5', 'PERF-8'), async () => {
    const other = await theatre.nexus.run('--keep', 'echo other >edited')
    let second: Promise<unknown> | undefined
    const first = await theatre.interrupted(apply, FIRST_STEP, () => { second = theatre.nexus.call('apply', other.id) })
    expect([first, await second]).toMatchObject([{ code: 0 }, { code: 3 }])
    expect(await theatre.complaints('all')).toEqual([])
    expect(await theatre.nexus.call('discard', other.id)).toMatchObject({ code: 0 })
  })

  if (native) test(proves('the helper dies', 'RUN-5', 'PERF-8'), async () => {
    for (const act of ['apply', 'rollback', 'partial apply', 'rollback of two applies'] as const) {
      await theatre.bringTo(ACTS[act].from)
      const { trace } = await theatre.perform(act)
      const moments = trace.filter(({ by }) => by === 'helper').map(({ number }) => number)
      for (const at of dice.some(moments, isEndurance ? moments.length : 3)) {
        await theatre.bringTo(ACTS[act].from)
        const { ended, fired } = await theatre.perform(act, { type: 'helper', at })
        expect([fired, [0, 125].includes(ended.code ?? -1)], `${act}, ${at}: ${ended.stderr}`).toEqual([true, true])
        expect(await theatre.complaints(ended.code === 0 ? ACTS[act].to : ACTS[act].from), `${act}, ${at}: ${ended.stderr}`).toEqual([])
      }
    }
  })

  test('two daemons, one path: the project is locked', async () => {
    await using neighbour = new Nexus()
    const project = theatre.nexus.project
    const kept = await neighbour.start(['run', '--json', '--keep', 'echo other >edited'], { cwd: project }).ended
    const { run } = JSON.parse(kept.stdout) as { run: { id: string } }
    let second: Promise<unknown> | undefined
    const first = await theatre.interrupted(apply, FIRST_STEP, () => { second = neighbour.start(['apply', run.id], { cwd: project }).ended })
    expect([first, await second]).toMatchObject([{ code: 0 }, { code: 3 }])
    expect(await theatre.complaints('all')).toEqual([])
  })

  test('killed, and the host edited before the next start: nothing of the edit is lost', async () => {
    for (const act of ['apply', 'rollback'] as const) {
      await theatre.bringTo(ACTS[act].from)
      const whole = (await theatre.perform(act)).trace.findIndex(({ call, other }) => call === 'rename' && other.endsWith('/edited'))
      await theatre.bringTo(ACTS[act].from)
      const { fired } = await theatre.perform(act, { type: 'kill', at: whole })
      expect(fired).toBe(true)
      theatre.host('cp -p edited ../edited-aside; echo mine >edited')
      const { status } = await theatre.show()
      expect(['kept', 'rolled-back', 'applied', 'applying', 'rolling-back']).toContain(status)
      expect(content('edited')).toBe('mine\n')
      expect(theatre.halves('before', 'all')).toEqual(['edited'])
      theatre.host("cp -p ../edited-aside edited; touch -r ../edited-aside edited; [ ! -e fresh ] && touch -d '2021-03-04 05:06:07.123456789' . || true")
    }
  })

  function content(path: string): string {
    const file = join(theatre.nexus.project, path)
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }

  function contentDifferences(): string[] {
    return theatre.halves('before', 'before')
  }
})
