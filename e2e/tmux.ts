/** A person at a terminal, played by tmux: a project of the test's own, two windows in it, keys in and screens out. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeEach } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { needs } from './needs.ts'
import { Nexus, root } from './nexus.ts'

export interface Terminals {
  readonly nexus: () => Nexus
  readonly tmux: (...args: string[]) => string
  readonly window: (number: number) => Window
  /** Of the project on the host. */
  readonly exists: (path: string) => boolean
  readonly read: (path: string) => string
  readonly write: (path: string, text: string) => void
  readonly newest: () => Promise<Run | undefined>
}

/** Registers what happens before and after each test: a project and a terminal of its own, at the one daemon of the file. */
export function useTmux(): Terminals {
  let house: Nexus | undefined
  let nexus: Nexus | undefined
  const ready = () => {
    if (!nexus) throw new Error('the terminal is set up before each test')
    return nexus
  }
  const tmux = (...args: string[]): string => {
    const { base, env } = ready()
    return spawnSync('tmux', ['-S', join(base, 'tmux.sock'), ...args], { env: { ...env, PATH: `${root}:${env.PATH}` }, encoding: 'utf8' }).stdout
  }
  beforeEach(async ({ skip }) => {
    needs(skip, 'tmux')
    house ??= new Nexus()
    nexus = new Nexus({ env: { NEXUS_HOME: join(house.base, 'state'), HOME: house.userHome } })
    // A fresh shell of its own per window: what is typed here is seen nowhere else.
    tmux('-f', '/dev/null', 'new-session', '-d', '-s', 'nexus', '-x', '110', '-y', '32', '-c', nexus.project, SHELL)
    tmux('new-window', '-t', 'nexus', '-c', nexus.project, SHELL)
    await nexus.call('daemon', 'start')
  })
  afterEach(async () => {
    if (!nexus) return
    tmux('kill-server')
    await nexus[Symbol.asyncDispose]()
    nexus = undefined
  })
  afterAll(() => house?.[Symbol.asyncDispose]())
  const at = (path: string) => join(ready().project, path)
  return {
    nexus: ready, tmux, window: (number) => new Window(tmux, number),
    exists: (path) => existsSync(at(path)), read: (path) => readFileSync(at(path), 'utf8'), write: (path, text) => writeFileSync(at(path), text),
    newest: async () => (await ready().json<{ runs: Run[] }>('runs', '--limit', '1')).runs[0],
  }
}

const SHELL = 'env PS1="ready> " sh'
/** What asks is deaf for a moment first: a key that was meant for something else is no answer. */
const DEAF_MS = 600

export class Window {
  readonly #tmux: Terminals['tmux']
  readonly #target: string

  constructor(tmux: Terminals['tmux'], number: number) {
    this.#tmux = tmux
    this.#target = `nexus:${number}`
  }

  type(text: string): void {
    this.#tmux('send-keys', '-t', this.#target, '-l', text)
  }

  press(...keys: string[]): void {
    this.#tmux('send-keys', '-t', this.#target, ...keys)
  }

  /** A line to the shell. */
  enter(line: string): void {
    this.type(line)
    this.press('Enter')
  }

  /** To what has just asked. */
  async answer(...keys: string[]): Promise<void> {
    await sleep(DEAF_MS)
    this.press(...keys)
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-t', this.#target, '-x', String(columns), '-y', String(rows))
  }

  /** With what has left it at the top. */
  screen(): string {
    return this.#tmux('capture-pane', '-p', '-J', '-S', '-200', '-t', this.#target)
  }

  async shows(text: string | RegExp, patienceMs = 15_000): Promise<string> {
    const found = () => (typeof text === 'string' ? this.screen().includes(text) : text.test(this.screen()))
    for (const beganAt = performance.now(); performance.now() - beganAt < patienceMs; await sleep(50)) if (found()) return this.screen()
    throw new Error(`the screen does not show ${String(text)}:\n${this.screen()}`)
  }

  /** Types a command, waits for the card, and past the moment in which it is deaf. */
  async card(command: string): Promise<string> {
    this.enter(command)
    await this.shows('a apply')
    await sleep(DEAF_MS)
    return this.screen()
  }
}
