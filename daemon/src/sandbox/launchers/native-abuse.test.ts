/** The native launcher under the sanitizers, fed with what a broken or hostile daemon might send. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { Ground, nativeProgram, removePrograms, renamerProgram, SYSTEM_PATH } from '../contract/ground.ts'
import { generator, randomRenames } from '../contract/random-renames.ts'
import { sceneOf } from '../stage.ts'
import { encodeFrame, requestPairs, type Pair } from './frames.ts'
import { nativeLauncher } from './native.ts'

const program = nativeProgram(['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'])
afterAll(removePrograms)

describe('native launcher under AddressSanitizer and UBSan', () => {
  beforeEach(({ skip }) => { if (program === undefined) skip('needs gcc: apt-get install gcc libc6-dev') })
  const rung = { launcher: nativeLauncher(program ?? null), backend: 'overlay', xattrs: process.geteuid?.() === 0 ? 'trusted' : 'user' } as const

  test.each<[string, Buffer]>([
    ['truncated', Buffer.alloc(0)],
    ['truncated', Buffer.from([1, 0])],
    ['truncated', Buffer.concat([length(100), Buffer.from('protocol|7|')])],
    ['empty', length(0)],
    ['oversized', length(1024 * 1024 + 1)],
    ['oversized', length(0xffffffff)],
    ['unterminated', framed('protocol')],
    ['key-without-value', framed('protocol|')],
    ['key-without-value', framed('protocol|7|argv|')],
    ['no-protocol', framed('argv|/bin/true|')],
    ['no-protocol', framed('||')],
    ['wrong-protocol', framed('protocol|1|')],
    ['wrong-protocol', framed('protocol||')],
    ['wrong-protocol', framed('protocol|-1|')],
    ['unknown-key', framed('protocol|7|shell|yes|')],
    ['unknown-key', framed('protocol|7|||')],
    ['repeated-key', framed('protocol|7|cwd|/|cwd|/|')],
    ['repeated-key', framed('protocol|7|umask|0|umask|0|')],
    ['path-not-absolute', framed('protocol|7|cwd|here|')],
    ['path-not-absolute', framed('protocol|7|hide||')],
    ['bad-number', framed('protocol|7|umask|0x1f|')],
    ['bad-number', framed('protocol|7|umask||')],
    ['bad-number', framed('protocol|7|timeout_ms|-5|')],
    ['number-too-large', framed('protocol|7|umask|512|')],
    ['number-too-large', framed('protocol|7|timeout_ms|99999999999999999999999999|')],
    ['unknown-word', framed('protocol|7|net|maybe|')],
    ['unknown-word', framed('protocol|7|net|off on|')],
    ['unknown-word', framed('protocol|7|net||')],
    ['unknown-word', framed('protocol|7|net|of|')],
    ['too-many', framed(`protocol|7|${'parent|/p|'.repeat(65)}`)],
    ['missing-key', framed('protocol|7|')],
    ['missing-key', framed('protocol|7|argv|/bin/true|cwd|/|umask|0|net|off|stdin|null|')],
    ['half-a-pair', framed(`protocol|7|${minimal()}home|/home/x|`)],
    ['half-a-pair', framed(`protocol|7|${minimal()}rows|24|`)],
    ['half-a-pair', framed(`protocol|7|${minimal()}bind_from|/a|`)],
    ['missing-key', framed(`protocol|7|${minimal().replace('renames|plain|', '')}`)],
    ['renames-unfiltered', framed(`protocol|7|${minimal().replace('renames|plain|', 'renames|watched|')}`)],
    ['key-of-overlay', framed(`protocol|7|${minimal()}work|/w|`)],
  ])('refused: %s (case %#)', async (name, bytes) => {
    expect(await send(bytes)).toEqual({ answers: [`failed request 22 ${name}`], errorText: '', exitCode: 0 })
  })

  test('random bytes and damaged requests are refused, never crashed on', async () => {
    await using ground = new Ground(rung)
    const order = { argv: ['/bin/true'], cwd: ground.project, env: { A: 'b' }, umask: 0, net: 'off', stdin: false } as const
    const valid = encodeFrame(requestPairs(sceneOf({ state: ground.state, userHome: ground.home, hidden: [] }, await ground.layer(), order), order))
    if (!valid) throw new Error('no request')
    const random = generator(20_260_101)
    for (let round = 0; round < 150; round++) {
      const bytes = round % 3 === 0 ? framed(Buffer.from(Array.from({ length: random(400) + 1 }, () => random(256))).toString('latin1')) : damaged(valid, random)
      const { answers, errorText, exitCode } = await send(bytes)
      // Some damage leaves a request that is still whole: then the run ends as runs end.
      expect([round, errorText, exitCode, answers.filter((line) => /^(failed|exited|notfound) /.test(line)).length]).toEqual([round, '', 0, 1])
    }
  })

  test.each<[string, Buffer]>([
    ['oversized', length(257)],
    ['unterminated', framed('do')],
    ['no-verb', framed('rows|1|')],
    ['unknown-verb', framed('do|dance|')],
    ['unknown-key', framed('do|kill|rows|1|')],
    ['repeated-key', framed('do|resize|rows|1|rows|2|')],
    ['bad-number', framed('do|resize|rows|0|cols|1|')],
    ['missing-key', framed('do|resize|rows|1|')],
    ['missing-key', framed('do|publish|host|1|')],
    ['missing-key', framed('do|withdraw|')],
    ['unknown-key', framed('do|withdraw|host|1|inside|1|')],
    ['bad-number', framed('do|publish|host|65536|inside|1|')],
    ['bad-number', framed('do|publish|host|1|inside|0|')],
  ])('a later frame that does not fit ends the run: %s (case %#)', async (name, bytes) => {
    await using ground = new Ground(rung)
    const order = { argv: ['/bin/sleep', '60'], cwd: ground.project, env: {}, umask: 0, net: 'off', stdin: false } as const
    const request = encodeFrame(requestPairs(sceneOf({ state: ground.state, userHome: ground.home, hidden: [] }, await ground.layer(), order), order))
    const { answers, errorText, exitCode } = await send(Buffer.concat([request ?? Buffer.alloc(0), bytes]))
    expect([errorText, exitCode]).toEqual(['', 0])
    expect(answers.filter((line) => !line.startsWith('started'))).toEqual([`refused ${name}`, expect.stringMatching(/^killed /)])
  })

  test('whole runs are clean, too: streams, terminal, time limit', async () => {
    await using ground = new Ground(rung)
    const env = { PATH: SYSTEM_PATH }
    expect(await ground.run('cat; echo err >&2; exit 3', { env, input: 'x'.repeat(500_000) })).toMatchObject({ end: { type: 'exited', exitCode: 3 }, stderr: 'err\n' })
    expect(await ground.run('stty size', { env, stdin: true, pty: { rows: 5, cols: 6 } })).toMatchObject({ end: { type: 'exited', exitCode: 0 }, stdout: '5 6\r\n' })
    expect(await ground.run('sleep 60', { env, timeoutMs: 200 })).toMatchObject({ end: { type: 'timed-out' }, stderr: '' })
    expect((await ground.run(['nowhere'], { env })).end).toMatchObject({ type: 'not-found' })
  })

  test('published ports are clean, too: guests that leave at every moment, and afterwards it still answers', async ({ skip }) => {
    if (spawnSync('python3', ['--version']).error) skip('needs python3: apt-get install python3')
    await using ground = new Ground(rung)
    const server = `
import socketserver
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while True:
            got = self.request.recv(65536)
            if not got: return
            self.request.sendall(got)
class Server(socketserver.ThreadingTCPServer):
    request_queue_size = 200
    daemon_threads = True
    def handle_error(self, *_): pass
print('up', flush=True)
Server(('127.0.0.1', 8080), Echo).serve_forever()`
    const launch = ground.launch(await ground.layer(), ['python3', '-c', server])
    await new Promise<void>((resolve) => launch.onOutput(() => resolve()))
    const [port, other] = [await freePort(), await freePort()]
    expect([await launch.publish({ host: port, inside: 8080 }), await launch.publish({ host: port, inside: 8081 }), await launch.publish({ host: other, inside: 8081 })]).toEqual([0, constants.errno.EADDRINUSE, 0])
    const bytes = Buffer.alloc(300_000, 'echo ')
    const visit = (at: number) => new Promise<number>((resolve) => {
      const socket = connect({ port: at % 7 === 0 ? other : port, host: '127.0.0.1' })
      let got = 0
      socket.on('data', (chunk: Buffer) => {
        got += chunk.length
        if (at % 4 === 1) socket.resetAndDestroy()
        if (got === bytes.length) socket.end()
      }).on('connect', () => {
        if (at % 4 === 2) return socket.destroy()
        socket.write(bytes)
        if (at % 4 === 3) socket.resetAndDestroy()
        return undefined
      }).on('error', () => {}).on('close', () => resolve(got))
    })
    for (let round = 0; round < 3; round++) await Promise.all(Array.from({ length: 80 }, (_, at) => visit(at)))
    expect([await visit(4), await launch.withdraw(other), await launch.withdraw(other), await visit(8)]).toEqual([bytes.length, 0, constants.errno.ENOENT, bytes.length])
    launch.kill()
    expect(await launch.ended).toMatchObject({ type: 'killed' })
    expect(await launch.publish({ host: port, inside: 8080 })).toBe(constants.errno.ESRCH)
    expect(await visit(12)).toBe(0)
  })

  test('renames of folders are clean, too: whoever breaks a rule there dies, and the caller gets EIO', async () => {
    const random = generator(20_260_102)
    for (let round = 0; round < 4; round++) {
      await using ground = new Ground({ ...rung, xattrs: 'user' })
      const { start, words } = randomRenames(random, 60)
      copyFileSync(renamerProgram() ?? '', join(ground.project, 'renamer'))
      execFileSync(join(ground.project, 'renamer'), start, { cwd: ground.project })
      const { stdout } = await ground.run([join(ground.project, 'renamer'), ...words], { timeoutMs: 60_000 })
      const answers = stdout.trim().split('\n')
      expect([answers.length, answers.filter((answer) => answer === 'EIO' || answer === 'EXDEV')]).toEqual([60, []])
    }
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address ? address.port : 0
}

/** Speaks to the launcher below the level of a Launch; closing our side is the end of the daemon. */
function send(bytes: Buffer): Promise<{ answers: string[]; errorText: string; exitCode: number | null }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ answers: string[]; errorText: string; exitCode: number | null }>()
  const child = spawn(program ?? '', ['launch'], { stdio: ['ignore', 'ignore', 'pipe', 'pipe'], env: {} })
  const control = child.stdio[3] as Duplex // 'pipe' at index 3 is a socket
  let answers = ''
  let errorText = ''
  child.stderr?.on('data', (chunk: Buffer) => { errorText += chunk.toString() })
  control.on('data', (chunk: Buffer) => { answers += chunk.toString() }).on('error', () => {})
  const sent = decodedLength(bytes)
  control.write(bytes, () => { if (sent.isShort) control.end() })
  child.once('error', reject).once('close', (exitCode) => resolve({ answers: answers.split('\n').filter(Boolean), errorText, exitCode }))
  return promise
}

/** A launcher that waits for the rest of a request waits for ever; only then is our side closed. */
function decodedLength(bytes: Buffer): { isShort: boolean } {
  return { isShort: bytes.length < 4 || bytes.length < 4 + bytes.readUInt32LE(0) }
}

function length(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** `|` stands for NUL. */
function framed(text: string): Buffer {
  const body = Buffer.from(text.replaceAll('|', '\0'), 'latin1')
  return Buffer.concat([length(body.length), body])
}

function minimal(): string {
  const pairs: Pair[] = [['argv', '/bin/true'], ['cwd', '/'], ['umask', 0], ['net', 'off'], ['stdin', 'null'], ['backend', 'copy'], ['project', '/p'], ['upper', '/u'], ['tmp_from', '/t'], ['vartmp_from', '/t'], ['calls', 'filtered'], ['landlock', 'scoped'], ['renames', 'plain']]
  return pairs.map(([key, value]) => `${key}|${value}|`).join('')
}

function damaged(valid: Buffer, random: (below: number) => number): Buffer {
  const body = Buffer.from(valid.subarray(4))
  for (let hit = random(6) + 1; hit > 0; hit--) body[random(body.length)] = random(3) === 0 ? 0 : random(256)
  const cut = random(4) === 0 ? body.subarray(0, random(body.length) + 1) : body
  return Buffer.concat([length(cut.length), cut])
}
