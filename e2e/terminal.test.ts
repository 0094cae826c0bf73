/** The interactive card in a real terminal: tmux plays the person. */
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { proves } from './requirements.ts'
import { useTmux } from './tmux.ts'

const { tmux, window: windowAt, nexus, exists, read, write, newest } = useTmux()

describe(proves('the card', 'RUN-4'), () => {
  test('shows what would change, applies it at a key, and gives the terminal back', async () => {
    mkdirSync(join(nexus().project, 'docs'))
    write('docs/a.md', 'one\n')
    const window = windowAt(0)
    const screen = await window.card("nexus run 'rm -rf docs && echo hi > hello.txt'; echo code $?")
    expect(screen).toContain('hello.txt')
    expect(screen).toContain('docs/a.md')
    expect(exists('hello.txt')).toBe(false)
    window.type('a')
    await window.shows('code 0')
    expect({ hello: exists('hello.txt'), docs: exists('docs') }).toEqual({ hello: true, docs: false })
    window.enter('echo still $((6*7))')
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
    await window.answer('s')
    await window.shows('[x] ▸ .git/  3 paths  ⚑ 1')
    window.press('Enter')
    await window.shows(/come along[^]*come along[^]*Apply them too\?/)
    await sleep(400)
    window.type('y')
    await window.shows('code 0')
    expect(exists('.git/hooks/post-merge')).toBe(true)
  })

  test('diff comes back to the card', async () => {
    write('a.txt', 'old line\n')
    const window = windowAt(0)
    await window.card("nexus run 'echo new line > a.txt'; echo code $?")
    window.type('d')
    await window.shows('+new line')
    window.press('q')
    await window.shows('a apply')
    await window.answer('x')
    await window.shows('code 0')
    expect(read('a.txt')).toBe('old line\n')
  })

  test('a flagged path asks again, and no is an answer', async () => {
    const window = windowAt(0)
    await window.card("nexus run 'echo 1 > .envrc'; echo code $?")
    window.type('a')
    await window.shows('Apply them too?')
    window.type('n')
    await window.shows('a apply')
    await window.answer('k')
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
  window.enter('cat a.txt; echo 2 > b.txt; tty; stty size; exit')
  await window.shows('a apply')
  expect(window.screen()).toMatch(/\/dev\/pts\/\d/)
  expect(exists('b.txt')).toBe(false)
  const again = await newest()
  expect({ same: again?.id === first?.id, digest: again?.digest === first?.digest }).toEqual({ same: true, digest: false })
  await window.answer('a')
  await window.shows('code 0')
  expect({ a: read('a.txt'), b: read('b.txt') }).toEqual({ a: '1\n', b: '2\n' })
})

test('a shell has no network unless it is asked for, and then the run says so', async () => {
  const server = createServer((socket) => socket.end('from outside\n')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { id } = await nexus().run('--keep', 'echo 1 > a.txt')
    const window = windowAt(0)
    for (const [option, sees] of [['', 'code 1'], [' --net on', 'from outside']] as const) {
      window.enter(`clear; nexus shell ${id}${option}`)
      await window.shows(`inside ${id}`)
      window.enter(`cat < /dev/tcp/127.0.0.1/${(server.address() as AddressInfo).port} 2>/dev/null; echo code $?; exit`)
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
  two.enter('nexus runs && nexus apply last && echo two is $((6 * 7))')
  await two.shows('two is 42')
  expect(exists('a.txt')).toBe(true)
  one.type('a')
  await one.shows(/code \d/)
  expect(read('a.txt')).toBe('1\n')
  expect((await newest())?.status).toBe('applied')
})

test('Ctrl-C while the command runs reaches the command, not the shell around it; without a terminal inside it interrupts the run', async () => {
  const window = windowAt(0)
  for (const [option, mark, endReason, signal] of [['', 'one', undefined, 'SIGINT'], ['--no-pty ', 'two', 'interrupted', null]] as const) {
    // Words of its own: what the one before printed may still be on the screen.
    window.enter(`clear; nexus run ${option}'echo begun ${mark}; sleep 70'; echo ${mark} $?`)
    await window.shows(new RegExp(`^begun ${mark}$`, 'm'))
    window.press('C-c')
    await window.shows(`${mark} 130`)
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

test(proves('what a command prints cannot command the terminal: live, shown again, and in a shell inside the layer', 'RUN-2'), async () => {
  const window = windowAt(0)
  // Clipboard, title, a question that the terminal would answer into the shell, another screen; colours stay.
  write('hostile.sh', String.raw`printf 'begin \033]52;c;ZXZpbA==\007 \033]2;owned\007 \033[6n \033[?1049h \033[31mred\033[0m end\n'` + '\n')
  tmux('set-option', '-g', 'set-clipboard', 'on')
  window.enter('nexus run --no-pty --keep sh hostile.sh')
  await window.shows(/begin \\x1b\]52;c;ZXZpbA==\\x07 \\x1b\]2;owned\\x07 \\x1b\[6n \\x1b\[\?1049h red end[\s\S]*ready> /)
  window.enter('clear; nexus show last --output; nexus show last')
  await window.shows(/begin \\x1b\]52[\s\S]*│ begin \\x1b\]52[\s\S]*ready> /)
  expect(tmux('capture-pane', '-p', '-e', '-t', 'nexus:0')).toMatch(/\u001B\[31mred/)
  // A terminal inside may do what an editor needs, and nothing of it stays.
  window.enter('clear; nexus run --keep sh hostile.sh; echo af""ter')
  await window.shows(/unchanged[^]*after\nready> $/m)
  expect(tmux('display-message', '-p', '-t', 'nexus:0', '#{alternate_on} #{buffer_size}').trim()).toBe('0')
  window.enter('clear; nexus run --keep "echo 1 > a"; nexus shell last')
  await window.shows('leave with exit')
  window.enter('sh hostile.sh; echo in""side')
  await window.shows('inside')
  // A shell must be able to ask where the cursor is, so the answer comes as if it were typed: away with it.
  await window.answer('C-u')
  window.enter('exit')
  // Back on its own screen, with its own title, its clipboard empty.
  await window.shows(/leave with exit[\s\S]*next: nexus diff[\s\S]*ready> /)
  expect(tmux('display-message', '-p', '-t', 'nexus:0', '#{alternate_on} #{buffer_size}').trim()).toBe('0')
  expect(tmux('list-buffers')).toBe('')
})

test('a secret that Nexus shall keep is asked for and not shown', async () => {
  const window = windowAt(0)
  window.enter('nexus secret set TYPED_TOKEN; echo code $?')
  await window.shows('value of TYPED_TOKEN (not shown):')
  window.type('hidden-worf')
  window.press('BSpace')
  window.enter('d-42')
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
