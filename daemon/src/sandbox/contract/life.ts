/** How a command starts, talks and ends. */
import { createHash } from 'node:crypto'
import { spawn } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { eventually, gather, Ground, nativeProgram, processesWith, SYSTEM_PATH, type Rung } from './ground.ts'

export function life(rung: Rung): void {
  const { gaps } = rung.launcher

  test.each([0, 3, 125, 255])('exit code %i arrives', async (exitCode) => {
    await using ground = new Ground(rung)
    expect((await ground.run(`exit ${exitCode}`)).end).toMatchObject({ type: 'exited', exitCode })
  })

  test('a signal arrives with its name', async () => {
    await using ground = new Ground(rung)
    const { end } = await ground.run('kill -SEGV $$')
    expect(end).toMatchObject(gaps.includes('signal') ? { type: 'exited', exitCode: 139 } : { type: 'signalled', signal: 'SIGSEGV', signalNumber: 11 })
  })

  test('usage is told', async () => {
    await using ground = new Ground(rung)
    const { end } = await ground.run('i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done')
    if (gaps.includes('usage')) expect(end.usage).toBeNull()
    else expect(end.usage?.userMs).toBeGreaterThan(1)
    if (end.usage) expect(end.usage.maxRssBytes).toBeGreaterThan(500_000)
  })

  test('stdout and stderr arrive whole and apart', async () => {
    await using ground = new Ground(rung)
    const { stdout, stderr } = await ground.run('head -c 3000000 /dev/zero | tr "\\0" x; echo oops >&2')
    expect(createHash('sha256').update(stdout).digest('hex')).toBe(createHash('sha256').update('x'.repeat(3_000_000)).digest('hex'))
    expect(stderr).toBe('oops\n')
  })

  test('input is forwarded with its end, and back-pressure holds', async () => {
    await using ground = new Ground(rung)
    const { stdout, stderr, end } = await ground.run('wc -c', { input: 'y'.repeat(2_000_000) })
    expect([stdout.trim(), stderr, end.type]).toEqual(['2000000', '', 'exited'])
  })

  test('without input the command reads an empty file', async () => {
    await using ground = new Ground(rung)
    expect((await ground.run('cat; echo end')).stdout).toBe('end\n')
  })

  test('a command that never reads its input ends all the same', async () => {
    await using ground = new Ground(rung)
    const { end } = await ground.run('exec 0<&-; exit 4', { input: 'z'.repeat(1_000_000) })
    expect(end).toMatchObject({ type: 'exited', exitCode: 4 })
  })

  test('/dev/stdout and /dev/stderr can be opened again', async () => {
    await using ground = new Ground(rung)
    const { stdout, stderr } = await ground.run('echo out > /dev/stdout; echo err | tee /dev/stderr > /dev/null')
    if (gaps.includes('reopen')) expect(stdout).toBe('')
    else expect([stdout, stderr]).toEqual(['out\n', 'err\n'])
  })

  test('the environment is exactly what was given', async () => {
    await using ground = new Ground(rung)
    const env = { PATH: SYSTEM_PATH, HOME: ground.home, ODD: 'a=b\nc "d" \'e\' $f \\g', EMPTY: '', LC_ALL: 'C.UTF-8' }
    const { stdout } = await ground.run(['/usr/bin/env', '-0'], { env })
    expect(Object.fromEntries(stdout.split('\0').filter(Boolean).map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))).toEqual(env)
  })

  test('arguments arrive as they were given', async () => {
    await using ground = new Ground(rung)
    const words = ['', ' ', '-n', 'a\nb', '$HOME', `it's`, '"', '\\', 'é', '*']
    expect((await ground.run(['/usr/bin/printf', '%s\\0', ...words])).stdout).toBe(words.map((word) => `${word}\0`).join(''))
  })

  test('the directory and the mask are the caller\'s', async () => {
    await using ground = new Ground(rung)
    const { stdout, layer } = await ground.run('pwd; : > made; umask', { cwd: join(ground.project, 'src'), umask: 0o027 })
    expect(stdout).toBe(`${join(ground.project, 'src')}\n0027\n`)
    expect(statSync(join(layer.upper, 'src/made')).mode & 0o777).toBe(0o640)
  })

  test('a directory that is not there is told', async () => {
    await using ground = new Ground(rung)
    expect((await ground.run('true', { cwd: join(ground.project, 'nowhere'), mayFail: true })).end).toMatchObject({ type: 'failed', step: 'chdir' })
  })

  test('a program that is not there is 127, one that is not executable 126', async () => {
    await using ground = new Ground(rung)
    expect((await ground.run(['no-such-program'])).end).toMatchObject({ type: 'not-found', exitCode: 127 })
    expect((await ground.run(['./no-such-program'])).end).toMatchObject({ type: 'not-found', exitCode: 127 })
    expect((await ground.run([join(ground.project, 'kept.txt')])).end).toMatchObject({ type: 'not-found', exitCode: 126 })
  })

  test('programs are found on the PATH that was given, inside', async () => {
    await using ground = new Ground(rung)
    writeFileSync(join(ground.project, 'src/tool'), '#!/bin/sh\necho "tool $*"\n', { mode: 0o755 })
    const { stdout } = await ground.run(['tool', 'x'], { env: { PATH: `${join(ground.project, 'src')}:${SYSTEM_PATH}` } })
    expect(stdout).toBe('tool x\n')
  })

  test('a child that holds the pipes does not delay the end, and dies with it', async () => {
    await using ground = new Ground(rung)
    const word = unique()
    const { end, stdout, tookMs } = await ground.run(`sleep ${word} & (setsid sleep ${word} &) ; nohup sleep ${word} >/dev/null 2>&1 & echo done; exit 7`)
    expect([end, stdout]).toEqual([expect.objectContaining({ type: 'exited', exitCode: 7 }), 'done\n'])
    expect(tookMs).toBeLessThan(1500)
    expect(processesWith(word)).toEqual([])
  })

  test('the time limit asks first, then ends', async () => {
    await using ground = new Ground(rung)
    const gentle = await ground.run('trap "echo asked; exit 0" TERM; while :; do sleep 0.05; done', { timeoutMs: 400 })
    expect(gentle).toMatchObject({ end: { type: 'timed-out' }, stdout: 'asked\n' })
    expect(gentle.tookMs).toBeLessThan(2000)
    const word = unique()
    const deaf = await ground.run(`trap "" TERM; sh -c 'trap "" TERM; sleep ${word}; sleep ${word}'; while :; do sleep ${word}; done`, { timeoutMs: 300 })
    expect(deaf.end.type).toBe('timed-out')
    expect(deaf.tookMs).toBeGreaterThan(2000)
    expect(deaf.tookMs).toBeLessThan(4500)
    expect(processesWith(word)).toEqual([])
  })

  test('kill ends everything within a second', async () => {
    await using ground = new Ground(rung)
    const word = unique()
    const launch = ground.launch(await ground.layer(), `trap "" TERM INT HUP; (trap "" TERM; setsid sleep ${word}) & echo up; while :; do sleep ${word}; done`)
    const up = Promise.withResolvers<void>()
    launch.onOutput(() => up.resolve())
    await up.promise
    const killedAt = performance.now()
    launch.kill()
    launch.kill()
    expect(await launch.ended).toMatchObject({ type: 'killed' })
    expect(performance.now() - killedAt).toBeLessThan(1000)
    expect(processesWith(word)).toEqual([])
  })

  test('kill before the command has started', async () => {
    await using ground = new Ground(rung)
    const word = unique()
    const launch = ground.launch(await ground.layer(), `sleep ${word}`)
    launch.kill()
    expect(await launch.ended).toMatchObject({ type: 'killed' })
    expect(processesWith(word)).toEqual([])
  })

  test('when the daemon is killed, the whole sandbox is gone within a second', async () => {
    await using ground = new Ground(rung)
    const word = unique()
    const daemon = fileURLToPath(new URL('./doomed-daemon.ts', import.meta.url))
    const layer = await ground.layer()
    const order = { argv: ['/bin/sh', '-c', `(setsid sleep ${word} &); trap "" TERM HUP; while :; do sleep ${word}; done`], cwd: ground.project, env: { PATH: SYSTEM_PATH }, umask: 0o022, net: 'off', stdin: true }
    const child = spawn(process.execPath, [daemon, JSON.stringify({ layer, order, launcher: rung.launcher.name, native: nativeProgram() ?? null, state: ground.state, userHome: ground.home })], { stdio: ['ignore', 'ignore', 'inherit'] })
    expect(await eventually(() => processesWith(`sleep\0${word}`).length >= 2, 20_000)).toBe(true)
    child.kill('SIGKILL')
    expect(await eventually(() => processesWith(word).length === 0, 1000)).toBe(true)
  })

  test('output that comes before anybody listens is kept', async () => {
    await using ground = new Ground(rung)
    const launch = ground.launch(await ground.layer(), 'echo early; sleep 0.2')
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect((await gather(launch)).stdout).toBe('early\n')
  })

  test('a request too large for the launcher is an end, not an accident', async () => {
    await using ground = new Ground(rung)
    const { end } = await ground.run(['/bin/true', 'x'.repeat(3_000_000)], { mayFail: true })
    expect(end.type).toBe('failed')
  })

  test('a NUL in an argument is refused', async () => {
    await using ground = new Ground(rung)
    expect((await ground.run(['/bin/echo', 'a\0b'], { mayFail: true })).end).toMatchObject({ type: 'failed', step: 'request' })
  })

  test('the command is in a session of its own and no child of a shell of ours', async () => {
    await using ground = new Ground(rung)
    const { stdout } = await ground.run('cat /proc/self/stat')
    const [, session] = /\) \S+ \d+ \d+ (\d+)/.exec(stdout) ?? []
    expect(Number(session)).not.toBe(Number(/\) \S+ \d+ \d+ (\d+)/.exec(readFileSync('/proc/self/stat', 'utf8'))?.[1]))
  })
}

let count = 0

/** A number of seconds that no other test sleeps. */
function unique(): string {
  return `${3000 + (process.pid % 1000)}.${process.hrtime.bigint().toString().slice(-7)}${++count}`
}
