/** A real browser for the dashboard: Debian's Chromium, headless, one for a whole suite, a fresh context for each test. */
import { spawnSync } from 'node:child_process'
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page, type WebSocketRoute } from 'playwright-core'
import type { Nexus } from './nexus.ts'

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome']

/** Undefined where none is installed. */
export function chromiumPath(): string | undefined {
  const found = spawnSync('sh', ['-c', PROGRAMS.map((name) => `command -v ${name}`).join(' || ')], { encoding: 'utf8' }).stdout.trim()
  return found === '' ? undefined : found
}

export function needsChromium(skip: (note: string) => void): void {
  if (chromiumPath() === undefined) skip('needs chromium: apt-get install chromium fonts-dejavu-core')
}

/** Chromium's own sandbox needs either no root or namespaces; the pages here are ours. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = chromiumPath()
  if (executablePath === undefined) throw new Error('there is no Chromium: apt-get install chromium')
  return chromium.launch({ executablePath, chromiumSandbox: false, args: ['--disable-dev-shm-usage', '--disable-gpu'] })
}

/** What went wrong in a page without anybody noticing; a test expects none. */
export interface Watched { readonly page: Page; readonly context: BrowserContext; readonly complaints: string[] }

/** A page that was let in by a fresh link. */
export async function openDashboard(browser: Browser, nexus: Nexus, options: BrowserContextOptions = {}, stream?: Cuttable): Promise<Watched> {
  const watched = await openPage(browser, options)
  await stream?.stretchOver(watched.page)
  await watched.page.goto(await linkOf(nexus))
  await watched.page.getByText('live', { exact: true }).waitFor()
  return watched
}

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('console', (message) => { if (message.type() === 'error' || /Content.Security.Policy|TrustedHTML/i.test(message.text())) complaints.push(`console: ${message.text()}`) })
  page.on('dialog', (dialog) => { complaints.push(`dialog: ${dialog.message()}`); void dialog.dismiss() })
  return { page, context, complaints }
}

/** The page's WebSocket with somebody's scissors at it; plain HTTP passes untouched. */
export class Cuttable {
  readonly #open = new Set<WebSocketRoute>()
  #isCut = false

  async stretchOver(page: Page): Promise<void> {
    await page.routeWebSocket(/\/trpc/, (socket) => {
      if (this.#isCut) return void socket.close()
      socket.connectToServer()
      this.#open.add(socket)
    })
  }

  async cut(): Promise<void> {
    this.#isCut = true
    for (const socket of this.#open) await socket.close()
    this.#open.clear()
  }

  mend(): void {
    this.#isCut = false
  }
}

export async function linkOf(nexus: Nexus): Promise<string> {
  return (await nexus.json<{ url: string }>('dashboard')).url
}
