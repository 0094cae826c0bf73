/** Conflicts as a person settles them at a terminal: the list, the diffs, one question, and the host as it was until then. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { proves } from './requirements.ts'
import { useTmux, type Window } from './tmux.ts'

const { tmux, window: windowAt, nexus, read, write, newest } = useTmux()

describe(proves('conflicts on a terminal', 'RUN-4'), () => {
  const LINES = Array.from({ length: 10 }, (_, at) => `line ${at + 1}\n`).join('')
  const moved = LINES.replace('line 2', 'host 2')

  /** A run whose card is on the screen, and a host that has moved on since. 80 columns, no colour. */
  async function conflict(): Promise<Window> {
    write('one', LINES)
    write('two', LINES)
    tmux('resize-window', '-t', 'nexus:0', '-x', '80', '-y', '24')
    const window = windowAt(0)
    await window.card("NO_COLOR=1 nexus run \"sed -i 's/line 9/run 9/' one; sed -i 's/line 2/run 2/' two\"; echo code $?")
    write('one', moved)
    write('two', moved)
    window.type('a')
    await window.shows('merges cleanly')
    await sleep(600)
    return window
  }

  test('the list: merge what merges, look at the diff, take the run\'s; shown before it is written', async () => {
    const window = await conflict()
    expect(window.screen()).toMatch(/^merge {7}one {2}the host has something else by now · merges cleanly$/m)
    expect(window.screen()).toMatch(/^later {7}two {2}the host has something else by now · 1 overlap$/m)
    window.type('j')
    window.type('d')
    await window.shows('── what the run changed ──')
    window.press('Space')
    await window.shows('+<<<<<<< the host has')
    window.press('q')
    await window.shows('Enter go on')
    await window.answer('t')
    await window.shows(/^the run's {3}two/m)
    window.press('Enter')
    // Longer than the screen: the pager shows it.
    await window.shows('-host 2')
    await window.shows('(END)')
    window.press('q')
    await window.shows('Write 2 paths to the host?')
    expect([read('one'), read('two')]).toEqual([moved, moved])
    await window.answer('y')
    await window.shows('code 0')
    expect([read('one'), read('two')]).toEqual([moved.replace('line 9', 'run 9'), LINES.replace('line 2', 'run 2')])
  })

  test('no is an answer, and Esc goes back to the card with the host as it is', async () => {
    const window = await conflict()
    window.press('Enter')
    await window.shows('Write 1 path to the host?')
    await window.answer('n')
    await window.shows('Enter go on')
    await window.answer('Escape')
    await window.shows('r re-run')
    await window.answer('k')
    await window.shows('code 0')
    expect([read('one'), read('two'), (await newest())?.status]).toEqual([moved, moved, 'kept'])
  })

  test(proves('a run is applied with the one below it: conflicts of both in one list, and the word for the one that is critical', 'RUN-7'), async () => {
    write('one', LINES)
    const below = await nexus().run('--keep', "rm -rf .git; sed -i 's/line 9/run 9/' one")
    await nexus().run('--keep', '--on', below.id, 'echo above > two')
    write('one', moved)
    const window = windowAt(0)
    window.enter('nexus apply last; echo code $?')
    await window.shows('Apply all 2 runs as one?')
    await window.answer('y')
    await window.shows('Type "critical"')
    window.enter('critical')
    await window.shows('merges cleanly')
    await window.answer('Enter')
    await window.shows(/Write \d paths to the host\?/)
    await window.answer('y')
    await window.shows('code 0')
    expect([read('one'), read('two')]).toEqual([moved.replace('line 9', 'run 9'), 'above\n'])
  })

  test('r runs the same command on the new base, in one key', async () => {
    const window = await conflict()
    const old = await newest()
    window.type('r')
    await window.shows(/a apply[\s\S]*x discard/)
    await window.answer('a')
    await window.shows('code 0')
    const again = await newest()
    expect({ rerunOf: again?.rerunOf, status: again?.status, one: read('one'), two: read('two') }).toEqual({ rerunOf: old?.id, status: 'applied', one: moved.replace('line 9', 'run 9'), two: moved })
  })
})
