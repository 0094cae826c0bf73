/** How long an event takes to the screen of a real browser, with other clients beside it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import type { Browser, Page } from 'playwright-core'
import WebSocket from 'ws'
import type { Event } from '@nexus/protocol/events'
import { openBrowser } from '../browser.ts'
import { removeTree } from '../nexus.ts'

export interface Figures {
  /** Milliseconds from the log to the painted page, and to a plain WebSocket client. */
  readonly page: Percentiles
  readonly plain: Percentiles
  /** Milliseconds between frames of the page. */
  readonly frames: Percentiles
  /** Events that a client never got. */
  readonly dropped: number
  /** From the last event's time to its being on the screen. */
  readonly lagMs: number
}
export interface Percentiles { readonly p50: number; readonly p99: number; readonly max: number }

/** Records in the page which sequence number was on the screen when: the page draws in a frame, and a message that is posted there comes when it is painted. */
const WATCH = `(() => {
  const seq = document.querySelector('.seq')
  const watch = (globalThis.watch = { shown: [], frames: [] })
  const channel = new MessageChannel()
  const drawn = []
  channel.port1.onmessage = () => { const at = performance.timeOrigin + performance.now(); for (const number of drawn.splice(0)) watch.shown.push([number, at]) }
  new MutationObserver(() => {
    drawn.push(Number(seq.textContent.slice(1)))
    channel.port2.postMessage(0)
  }).observe(seq, { characterData: true, childList: true, subtree: true })
  let last
  const frame = (now) => { if (last !== undefined) watch.frames.push(now - last); last = now; requestAnimationFrame(frame) }
  requestAnimationFrame(frame)
})()`

export class EventStage implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'nexus-bench-'))
  #source: ChildProcess | undefined
  #lines: AsyncIterator<string> | undefined
  #reader: Interface | undefined
  #browser: Browser | undefined
  #clients: WebSocket[] = []
  #page: Page | undefined
  /** Of the first plain client: each event with its arrival. */
  readonly #arrived: { readonly event: Event; readonly at: number }[] = []
  readonly #counts: number[] = []

  async open(clients: number): Promise<void> {
    this.#source = spawn(process.execPath, [join(import.meta.dirname, 'event-source.ts'), this.#folder], { stdio: ['pipe', 'pipe', 'inherit'] })
    if (!this.#source.stdout) throw new Error('no pipe')
    this.#reader = createInterface(this.#source.stdout)
    this.#lines = this.#reader[Symbol.asyncIterator]()
    const { url, secret } = await this.#answer<{ url: string; secret: string }>()
    this.#browser = await openBrowser()
    this.#page = await this.#browser.newPage({ viewport: { width: 1280, height: 800 } })
    await this.#page.goto(url)
    await this.#page.locator('.seq').waitFor()
    for (let index = 1; index < clients; index += 1) await this.#connect(new URL(url), secret, index - 1)
  }

  async measure(count: number, perSecond: number): Promise<Figures> {
    const page = this.#page
    if (!page) throw new Error('open first')
    await page.evaluate(WATCH)
    this.#arrived.length = 0
    this.#counts.fill(0)
    this.#source?.stdin?.write(`${count} ${perSecond}\n`)
    const { head } = await this.#answer<{ head: number }>()
    await page.locator('.seq', { hasText: `#${head}` }).waitFor()
    // The last frame's own message.
    await page.waitForTimeout(200)
    const { shown, frames } = (await page.evaluate('globalThis.watch')) as { shown: [number, number][]; frames: number[] }
    const onScreen = this.#arrived.map(({ event }) => (shown.find(([seq]) => seq >= event.seq)?.[1] ?? Number.POSITIVE_INFINITY) - event.at)
    return {
      page: percentiles(onScreen), plain: percentiles(this.#arrived.map(({ event, at }) => at - event.at)), frames: percentiles(frames),
      dropped: this.#counts.reduce((sum, got) => sum + count - got, 0), lagMs: onScreen.at(-1) ?? Number.POSITIVE_INFINITY,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.terminate()
    await this.#browser?.close()
    this.#source?.kill('SIGKILL')
    this.#reader?.close()
    removeTree(this.#folder)
  }

  #connect(url: URL, token: string, index: number): Promise<void> {
    const socket = new WebSocket(`ws://${url.host}/trpc?connectionParams=1`)
    this.#clients.push(socket)
    this.#counts[index] = 0
    return new Promise((resolve, reject) => {
      socket.on('error', reject)
      socket.on('open', () => {
        socket.send(JSON.stringify({ method: 'connectionParams', data: { token } }))
        socket.send(JSON.stringify({ id: 1, method: 'subscription', params: { path: 'events.batches', input: {} } }))
      })
      socket.on('message', (data) => {
        const { result } = JSON.parse(String(data as Buffer)) as { result: { type: string; data?: { data: Event[] } } }
        if (result.type === 'started') resolve()
        if (!result.data) return
        const { data: events } = result.data
        this.#counts[index] = (this.#counts[index] ?? 0) + events.length
        const at = performance.timeOrigin + performance.now()
        if (index === 0) this.#arrived.push(...events.map((event) => ({ event, at })))
      })
    })
  }

  async #answer<Shape>(): Promise<Shape> {
    const { value, done } = (await this.#lines?.next()) ?? { done: true, value: undefined }
    if (done || value === undefined) throw new Error('the source of events ended')
    return JSON.parse(value) as Shape
  }
}

function percentiles(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}
