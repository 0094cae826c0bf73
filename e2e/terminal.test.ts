/** The interactive card in a real terminal: tmux plays the person. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { proves } from './requirements.ts'
import { useTmux, type Window } from './tmux.ts'

const { tmux, window: windowAt, nexus } = useTmux()
const exists = (path: string) => existsSync(join(nexus().project, path))
const newest = async () => (await nexus().json<{ runs: Run[] }>('runs', '--limit', '1')).runs[0]

describe(proves('the card', 'RUN-4'), () => {
  test('shows what would change, applies it at a key, and gives the terminal back', async () => {
    mkdirSync(join(nexus().project, 'docs'))
    writeFileSync(join(nexus().project, 'docs/a.md'), 'one\n')
    const window = windowAt(0)
    const screen = await window.card("nexus run 'rm -rf docs && echo hi > hello.txt'; echo code $?")
    expect(screen).toContain('hello.txt')
    expect(screen).toContain('docs/a.md')
    expect(exists('hello.txt')).toBe(false)
    window.type('a')
    await window.shows('code 0')
    expect({ hello: exists('hello.txt'), docs: exists('docs') }).toEqual({ hello: true, docs: false })
    window.type('echo still $((6*7))')
    window.press('Enter')
    await window.shows('still 42')
  })

  test.each([['x', 'discarded'], ['k', 'kept'], ['Escape', 'kept'], ['C-c', 'kept'], ['n', 'kept']])('%s leaves the host alone: %s', async (key, status) => {
    const window = windowAt(0)
    await window.card("nexus run 'echo hi > hello.txt'; echo code $?")
    window.press(key)
    await window.shows('code 0')
    expect({ status: (await newest())?.status, exists: exists('hello.txt') }).toEqual({ status, exists: false })
  })

  test('some: the list of paths, flagged ones unchosen', async () => {
    const window = windowAt(0)
    await window.card("nexus run 'echo 1 > a.txt; echo 2 > b.txt; echo 3 > .envrc'; echo code $?")
    window.type('s')
    await window.shows('[ ] + .envrc')
    // .envrc, a.txt, b.txt in the order of the list: leave b.txt out.
    const rows = window.screen().split('\n').filter((line) => /\[[x ]\] \+ /.test(line)).map((line) => line.replace(/.*\+ (\S+).*/, '$1'))
    for (let at = 0; at < rows.indexOf('b.txt'); at += 1) window.press('Down')
    await sleep(200)
    window.press('Space')
    await window.shows('[ ] + b.txt')
    window.press('Enter')
    await window.shows('code 0')
    expect({ a: exists('a.txt'), b: exists('b.txt'), envrc: exists('.envrc') }).toEqual({ a: true, b: false, envrc: false })
  })

  test('some: what comes along with a path of a repository is shown before it is applied', async () => {
    const window = windowAt(0)
    await window.card("nexus run 'mkdir -p .git/hooks; echo 1 > .git/HEAD; echo 2 > .git/hooks/post-merge'; echo code $?")
    window.type('s')
    await window.shows('[x] ▸ .git/  3 paths  ⚑ 1')
    window.press('Enter')
    await window.shows(/2 paths more come along[^]*\.git\/hooks\/post-merge[^]*Apply them too\?/)
    window.type('n')
    await window.shows('a apply')
    expect(exists('.git/HEAD')).toBe(false)
    await sleep(600)
    window.type('s')
    await window.shows('[x] ▸ .git/  3 paths  ⚑ 1')
    window.press('Enter')
    await window.shows(/come along[^]*come along[^]*Apply them too\?/)
    await sleep(400)
    window.type('y')
    await window.shows('code 0')
    expect(exists('.git/hooks/post-merge')).toBe(true)
  })

  test('diff comes back to the card', async () => {
    writeFileSync(join(nexus().project, 'a.txt'), 'old line\n')
    const window = windowAt(0)
    await window.card("nexus run 'echo new line > a.txt'; echo code $?")
    window.type('d')
    await window.shows('+new line')
    window.press('q')
    await window.shows('a apply')
    await sleep(600)
    window.type('x')
    await window.shows('code 0')
    expect(readFileSync(join(nexus().project, 'a.txt'), 'utf8')).toBe('old line\n')
  })

  test('a flagged path asks again, and no is an answer', async () => {
    const window = windowAt(0)
    await window.card("nexus run 'echo 1 > .envrc'; echo code $?")
    window.type('a')
    await window.shows('Apply them too?')
    window.type('n')
    await window.shows('a apply')
    await sleep(600)
    window.type('k')
    await window.shows('code 0')
    expect(exists('.envrc')).toBe(false)
  })
})

test(proves('open a shell inside: look, change, leave; the layer is sealed anew', 'RUN-6'), async () => {
  const window = windowAt(0)
  await window.card("nexus run 'echo 1 > a.txt'; echo code $?")
  const first = await newest()
  window.type('o')
  await window.shows(/inside r[a-z2-7]{12}/)
  window.type('cat a.txt; echo 2 > b.txt; tty; stty size; exit')
  window.press('Enter')
  await window.shows('a apply')
  expect(window.screen()).toMatch(/\/dev\/pts\/\d/)
  expect(exists('b.txt')).toBe(false)
  const again = await newest()
  expect({ same: again?.id === first?.id, digest: again?.digest === first?.digest }).toEqual({ same: true, digest: false })
  await sleep(600)
  window.type('a')
  await window.shows('code 0')
  expect({ a: readFileSync(join(nexus().project, 'a.txt'), 'utf8'), b: readFileSync(join(nexus().project, 'b.txt'), 'utf8') }).toEqual({ a: '1\n', b: '2\n' })
})

test('a shell has no network unless it is asked for, and then the run says so', async () => {
  const server = createServer((socket) => socket.end('from outside\n')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { id } = await nexus().run('--keep', 'echo 1 > a.txt')
    const window = windowAt(0)
    for (const [option, sees] of [['', 'code 1'], [' --net on', 'from outside']] as const) {
      window.type(`clear; nexus shell ${id}${option}`)
      window.press('Enter')
      await window.shows(`inside ${id}`)
      window.type(`cat < /dev/tcp/127.0.0.1/${(server.address() as AddressInfo).port} 2>/dev/null; echo code $?; exit`)
      window.press('Enter')
      await window.shows(sees)
      await window.shows('next: nexus apply')
      expect(window.screen().includes('host network')).toBe(option !== '')
      expect((await newest())?.flags).toEqual(option === '' ? [] : ['host-network'])
    }
  } finally {
    server.close()
  }
})

test('two terminals: one waits at the card, the other applies; the first hears of it', async () => {
  const [one, two] = [windowAt(0), windowAt(1)]
  await one.card("nexus run 'echo 1 > a.txt'; echo code $?")
  two.type('nexus runs && nexus apply last && echo two is $((6 * 7))')
  two.press('Enter')
  await two.shows('two is 42')
  expect(exists('a.txt')).toBe(true)
  one.type('a')
  await one.shows(/code \d/)
  expect(readFileSync(join(nexus().project, 'a.txt'), 'utf8')).toBe('1\n')
  expect((await newest())?.status).toBe('applied')
})

test('Ctrl-C while the command runs reaches the command, not the shell around it; without a terminal inside it interrupts the run', async () => {
  const window = windowAt(0)
  for (const [option, endReason, signal] of [['', undefined, 'SIGINT'], ['--no-pty ', 'interrupted', null]] as const) {
    window.enter(`clear; nexus run ${option}'echo begun; sleep 70'; echo code $?`)
    await window.shows(/^begun$/m)
    window.press('C-c')
    await window.shows('code 130')
    const run = await newest()
    expect({ endReason: run?.endReason, signal: run?.signal }).toEqual({ endReason, signal })
  }
})

test('what a command prints cannot touch the terminal of the summary', async () => {
  const window = windowAt(0)
  await window.card(`nexus run 'echo x > "$(printf "a\\033[2Jb\\033]52;c;AAAA\\007")"'; echo code $?`)
  expect(window.screen()).toContain('nexus run')
  window.type('x')
  await window.shows('code 0')
})

describe(proves('conflicts on a terminal', 'RUN-4'), () => {
  const LINES = Array.from({ length: 10 }, (_, at) => `line ${at + 1}\n`).join('')
  const write = (path: string, text: string) => writeFileSync(join(nexus().project, path), text)
  const read = (path: string) => readFileSync(join(nexus().project, path), 'utf8')
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
    await sleep(600)
    window.type('t')
    await window.shows(/^the run's {3}two/m)
    window.press('Enter')
    // Longer than the screen: the pager shows it.
    await window.shows('-host 2')
    await window.shows('(END)')
    window.press('q')
    await window.shows('Write 2 paths to the host?')
    expect([read('one'), read('two')]).toEqual([moved, moved])
    await sleep(600)
    window.type('y')
    await window.shows('code 0')
    expect([read('one'), read('two')]).toEqual([moved.replace('line 9', 'run 9'), LINES.replace('line 2', 'run 2')])
  })

  test('no is an answer, and Esc goes back to the card with the host as it is', async () => {
    const window = await conflict()
    window.press('Enter')
    await window.shows('Write 1 path to the host?')
    await sleep(600)
    window.type('n')
    await window.shows('Enter go on')
    await sleep(600)
    window.press('Escape')
    await window.shows('r re-run')
    await sleep(600)
    window.type('k')
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
    await sleep(600)
    window.type('y')
    await window.shows('Type "critical"')
    window.enter('critical')
    await window.shows('merges cleanly')
    await sleep(600)
    window.press('Enter')
    await window.shows(/Write \d paths to the host\?/)
    await sleep(600)
    window.type('y')
    await window.shows('code 0')
    expect([read('one'), read('two')]).toEqual([moved.replace('line 9', 'run 9'), 'above\n'])
  })

  test('r runs the same command on the new base, in one key', async () => {
    const window = await conflict()
    const old = await newest()
    window.type('r')
    await window.shows(/a apply[\s\S]*x discard/)
    await sleep(1000)
    window.type('a')
    await window.shows('code 0')
    const again = await newest()
    expect({ rerunOf: again?.rerunOf, status: again?.status, one: read('one'), two: read('two') }).toEqual({ rerunOf: old?.id, status: 'applied', one: moved.replace('line 9', 'run 9'), two: moved })
  })
})

test(proves('what a command prints cannot command the terminal: live, shown again, and in a shell inside the layer', 'RUN-2'), async () => {
  const window = windowAt(0)
  // Clipboard, title, a question that the terminal would answer into the shell, another screen; colours stay.
  writeFileSync(join(nexus().project, 'hostile.sh'), String.raw`printf 'begin \033]52;c;ZXZpbA==\007 \033]2;owned\007 \033[6n \033[?1049h \033[31mred\033[0m end\n'` + '\n')
  tmux('set-option', '-g', 'set-clipboard', 'on')
  window.enter('nexus run --no-pty --keep sh hostile.sh')
  await window.shows(/begin \\x1b\]52;c;ZXZpbA==\\x07 \\x1b\]2;owned\\x07 \\x1b\[6n \\x1b\[\?1049h red end[\s\S]*ready> /)
  window.type('clear; nexus show last --output; nexus show last')
  window.press('Enter')
  await window.shows(/begin \\x1b\]52[\s\S]*│ begin \\x1b\]52[\s\S]*ready> /)
  expect(tmux('capture-pane', '-p', '-e', '-t', 'nexus:0')).toMatch(/\u001B\[31mred/)
  // A terminal inside may do what an editor needs, and nothing of it stays.
  window.enter('clear; nexus run --keep sh hostile.sh; echo af""ter')
  await window.shows(/unchanged[^]*after\nready> $/m)
  expect(tmux('display-message', '-p', '-t', 'nexus:0', '#{alternate_on} #{buffer_size}').trim()).toBe('0')
  window.type('clear; nexus run --keep "echo 1 > a"; nexus shell last')
  window.press('Enter')
  await window.shows('leave with exit')
  window.type('sh hostile.sh; echo in""side')
  window.press('Enter')
  await window.shows('inside')
  // A shell must be able to ask where the cursor is, so the answer comes as if it were typed: away with it.
  await sleep(600)
  window.press('C-u')
  window.type('exit')
  window.press('Enter')
  // Back on its own screen, with its own title, its clipboard empty.
  await window.shows(/leave with exit[\s\S]*next: nexus diff[\s\S]*ready> /)
  expect(tmux('display-message', '-p', '-t', 'nexus:0', '#{alternate_on} #{buffer_size}').trim()).toBe('0')
  expect(tmux('list-buffers')).toBe('')
})

test.each([['--no-pty', ['r', 'd']], ['', ['C-] r', 'C-] n']]])(proves('a host that no rule names is asked about: for this run, or no; the record says who answered (%s)', 'RUN-9'), async (option, [yes = '', no = '']) => {
  const window = windowAt(0)
  // .invalid is no name of anybody's: allowed is not found, denied is forbidden.
  window.type(`nexus run ${option} --net npm 'for host in yes no yes no; do curl -s -o /dev/null -w "$host %{http_code} " http://$host.invalid/; done'`)
  window.press('Enter')
  for (const [host, keys, says] of [['yes', yes, 'allowed for this run'], ['no', no, 'denied']] as const) {
    await window.shows(`wants to reach ${host}.invalid:80`)
    await sleep(500)
    // On a terminal of its own a key alone is the command's.
    if (option === '') window.type('r')
    window.press(...keys.split(' '))
    await window.shows(says)
  }
  await window.shows(/yes 502[^]*no 403[^]*yes 502 no 403[^]*exit 0[^]*unchanged[^]*ready> /)
  expect(window.screen().match(/wants to reach/g)).toHaveLength(2)
  expect((await nexus().json<{ run: Run }>('show', 'last')).run.denials).toMatchObject([{ target: 'no.invalid:80', count: 2, reason: 'refused' }])
  const { stdout } = await nexus().call('events', '--json')
  expect(stdout.split('\n').filter((line) => line.includes('"run.network-answered"'))).toHaveLength(2)
  // With --json nobody is asked, and nobody waits.
  expect((await nexus().run('--net', 'npm', 'curl -s -o /dev/null -w "%{http_code}" http://yes.invalid/')).stdout).toBe('403')
})

test(proves('who comes back to a run is asked what it wants to know', 'RUN-9'), async () => {
  const window = windowAt(0)
  window.enter(`nexus run --detach --net npm 'read go; curl -s -o /dev/null -w "answer %{http_code} " http://later.invalid/; read end'`)
  await window.shows('next: nexus stop')
  window.enter('nexus attach last')
  await window.shows('attached to')
  await sleep(500)
  window.press('Enter')
  await window.shows('wants to reach later.invalid:80')
  await sleep(300)
  window.press('C-]', 'o')
  await window.shows('allowed once')
  await window.shows('answer 502')
  window.press('Enter')
  await window.shows('exit 0')
})

test('a secret that Nexus shall keep is asked for and not shown', async () => {
  const window = windowAt(0)
  window.enter('nexus secret set TYPED_TOKEN; echo code $?')
  await window.shows('value of TYPED_TOKEN (not shown):')
  window.type('hidden-worf')
  window.press('BSpace')
  window.type('d-42')
  window.press('Enter')
  await window.shows('code 0')
  expect(window.screen()).not.toContain('hidden')
  const run = await nexus().run('--secret', 'TYPED_TOKEN', 'printf %s "$TYPED_TOKEN" | sha256sum | cut -c1-16')
  expect(run.stdout).toBe(`${createHash('sha256').update('hidden-word-42').digest('hex').slice(0, 16)}\n`)
  window.enter('nexus secret set OTHER_TOKEN; echo again $?')
  await window.shows('value of OTHER_TOKEN (not shown):')
  window.press('C-c')
  await window.shows('again 130')
  expect((await nexus().call('secret', 'list')).stdout).not.toContain('OTHER_TOKEN')
})
