/** The terminal inside a layer, as a person uses it: full-screen programs, sizes, keys, two places at once, coming and going. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { needs } from './needs.ts'
import { proves } from './requirements.ts'
import { useTmux } from './tmux.ts'

const { nexus, tmux, window: windowAt, exists, read, write, newest } = useTmux()
const native = async (skip: (reason: string) => void) => {
  if ((await nexus().run('--discard', 'true')).strength !== 'full') skip('needs gcc: without the native launcher a terminal keeps its first size')
}

/** Draws its size and its keys on the other screen until q. */
const FULL_SCREEN = String.raw`
import curses
def main(screen):
    curses.curs_set(0)
    key = 'none'
    while key != 'q':
        rows, cols = screen.getmaxyx()
        screen.erase()
        screen.addstr(0, 0, f'full screen {cols}x{rows}')
        screen.addstr(1, 0, f'key {key}')
        screen.refresh()
        try:
            code = screen.getch()
            if code < 0: code = 3
        except KeyboardInterrupt:
            code = 3
        if code == curses.KEY_RESIZE: curses.update_lines_cols()
        key = 'interrupt' if code == 3 else 'resize' if code == curses.KEY_RESIZE else 'up' if code == curses.KEY_UP else chr(code)
curses.wrapper(main)
`

test(proves('a full-screen program has the whole terminal: keys, Ctrl-C, size; afterwards the screen is as before', 'RUN-2'), async ({ skip }) => {
  needs(skip, 'python3')
  await native(skip)
  write('full.py', FULL_SCREEN)
  const window = windowAt(0)
  window.enter('echo be""fore; nexus run --keep python3 full.py; echo code $?')
  await window.shows('full screen 110x32')
  window.press('Up')
  await window.shows('key up')
  window.press('C-c')
  await window.shows('key interrupt')
  window.resize(91, 23)
  await window.shows('full screen 91x23')
  window.type('q')
  const screen = await window.shows('code 0')
  expect(screen).toMatch(/before\n[^]*✓ exit 0/)
  expect(screen).not.toContain('full screen')
  expect((await newest())?.pty).toBe(true)
})

test('job keys work in a shell inside: Ctrl-Z stops, fg goes on, Ctrl-C ends, and the terminal is not ours', async () => {
  const window = windowAt(0)
  window.enter('tty; nexus run --keep -- bash --norc')
  await window.shows('bash-')
  window.enter('sleep 300')
  await sleep(300)
  window.press('C-z')
  await window.shows('Stopped')
  window.enter('fg && echo no')
  await sleep(300)
  window.press('C-c')
  window.enter('tty; echo after $?; exit 7')
  const screen = await window.shows('✗ exit 7')
  expect(screen).toMatch(/after 0/)
  const ttys = [...screen.matchAll(/^\/dev\/pts\/\d+$/gm)].map(([tty]) => tty)
  expect(ttys).toEqual([expect.any(String), '/dev/pts/0'])
})

test(proves('two terminals on one run: each sees what the other types, one leaves, the run goes on, both may come back', 'RUN-2'), async () => {
  const [one, two] = [windowAt(0), windowAt(1)]
  one.enter('nexus run -- bash --norc')
  await one.shows('bash-')
  one.enter('echo first""1')
  await one.shows('first1')
  two.enter('nexus attach last')
  // What was printed before is there, too.
  await two.shows('first1')
  two.enter('echo from"" two > file; echo done""2')
  await one.shows('done2')
  one.press('C-]')
  one.type('d')
  await one.shows(/left: r[a-z2-7]{12} goes on/)
  two.enter('echo alone""3')
  await two.shows('alone3')
  one.enter('clear; nexus attach last')
  await one.shows('alone3')
  one.enter('exit')
  await one.shows('a apply')
  await two.shows('a apply')
  await one.answer('a')
  await one.shows('✓ applied')
  expect(read('file')).toBe('from two\n')
})

test('what was painted on the screen cannot pass for our words', async () => {
  write('hostile.sh', String.raw`printf '\033[5;1Hrfake · exit 0\033[9;1H  nothing would change\033[3;1H\033[4;8r\033[4h'; echo 1 > real` + '\n')
  const window = windowAt(0)
  window.enter('clear; nexus run --keep sh hostile.sh; echo 123456; printf "\\033[1D\\033[1Dxy"; echo')
  // As output: the typed line has it, too.
  const screen = await window.shows(/^123456/m)
  expect(screen).not.toContain('fake')
  expect(screen).not.toContain('nothing would change')
  expect(screen).toContain('1 added')
})

test('--detach comes back at once; logs, attach and stop find the run; what ended by itself can be applied', async () => {
  const window = windowAt(0)
  window.enter(`nexus run --detach 'trap "echo bye; echo 1 > left; exit 0" TERM; echo up; while :; do sleep 0.1; done'; echo code $?`)
  await window.shows('code 0')
  const { id = '' } = (await newest()) ?? {}
  window.enter('clear; nexus logs --follow last')
  await window.shows(/^up$/m)
  window.press('C-c')
  window.enter('clear; nexus attach last')
  await window.shows('attached to')
  await window.shows(/^up$/m)
  window.press('C-]')
  window.type('d')
  await window.shows('left: ')
  const { run } = await nexus().json<{ run: Run }>('stop', id)
  expect({ status: run.status, exitCode: run.exitCode, changes: run.changes.map(({ path }) => path) }).toEqual({ status: 'kept', exitCode: 0, changes: ['left'] })
  expect((await nexus().json('apply', id)).code).toBe(0)
  expect(exists('left')).toBe(true)
  expect(tmux('list-windows')).toContain('sh')
})
