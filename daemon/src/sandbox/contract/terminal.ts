/** A run on a terminal of its own. */
import { expect, test } from 'vitest'
import { Ground, type Rung } from './ground.ts'
import type { Launch } from '../launch.ts'

const PTY = { pty: { rows: 31, cols: 97 }, stdin: true } as const

export function terminal(rung: Rung): void {
  const { gaps } = rung.launcher

  test('the command has a terminal of the right size, as its own', async () => {
    await using ground = new Ground(rung)
    const { stdout, end } = await ground.run('tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo all; : > /dev/tty && echo controlling; exit 6', PTY)
    expect(stdout.split('\r\n')).toEqual([expect.stringMatching(/^\/dev\/pts\/\d+$/), '31 97', 'all', 'controlling', ''])
    expect(end).toMatchObject({ type: 'exited', exitCode: 6 })
  })

  test('what is typed arrives, and Ctrl-C interrupts', async () => {
    await using ground = new Ground(rung)
    const launch = ground.launch(await ground.layer(), 'trap "echo interrupted; exit 9" INT; echo ready; read line; echo "got $line"; echo waiting; while :; do sleep 0.05; done', PTY)
    const seen = new Seen(launch)
    await seen.until('ready')
    await launch.write(Buffer.from('hello\n'))
    await seen.until('got hello')
    await seen.until('waiting')
    await launch.write(Buffer.from('\x03'))
    await seen.until('interrupted')
    expect(await launch.ended).toMatchObject({ type: 'exited', exitCode: 9 })
  })

  test('a new size reaches the command', async () => {
    await using ground = new Ground(rung)
    const launch = ground.launch(await ground.layer(), 'trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.05; done', { ...PTY, timeoutMs: 3000 })
    const seen = new Seen(launch)
    await seen.until('ready')
    launch.resize(12, 34)
    const end = await launch.ended
    if (gaps.includes('resize')) expect(end.type).toBe('timed-out')
    else expect([end.type, seen.text]).toEqual(['exited', expect.stringContaining('12 34')])
  })

  test('the end of input is an end of file', async () => {
    await using ground = new Ground(rung)
    const { stdout, end } = await ground.run('cat; echo over', { ...PTY, input: 'line\n' })
    expect(stdout).toContain('line\r\n')
    expect(stdout).toContain('over\r\n')
    expect(end).toMatchObject({ type: 'exited', exitCode: 0 })
  })

  test('all output arrives, also the last', async () => {
    await using ground = new Ground(rung)
    const { stdout } = await ground.run('seq 1 20000', PTY)
    expect(stdout.split('\r\n').length).toBe(20_001)
  })

  test('a child that keeps the terminal does not delay the end', async () => {
    await using ground = new Ground(rung)
    const { end, tookMs } = await ground.run('trap "" HUP; sleep 3333 & exit 5', PTY)
    expect(end).toMatchObject({ type: 'exited', exitCode: 5 })
    expect(tookMs).toBeLessThan(1500)
  })
}

/** Everything a run has written so far. */
class Seen {
  text = ''
  readonly #launch: Launch
  #changed = Promise.withResolvers<void>()

  constructor(launch: Launch) {
    this.#launch = launch
    launch.onOutput((_stream, chunk) => {
      this.text += chunk.toString()
      this.#changed.resolve()
      this.#changed = Promise.withResolvers()
    })
  }

  async until(word: string): Promise<void> {
    while (!this.text.includes(word)) {
      const ended = await Promise.race([this.#changed.promise.then(() => undefined), this.#launch.ended])
      if (ended && !this.text.includes(word)) throw new Error(`ended (${JSON.stringify(ended)}) before "${word}"; seen: ${this.text}`)
    }
  }
}
