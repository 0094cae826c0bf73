/** A browser beside a terminal: a Nexus of the test's own with a port, pages that were let in, and the words for both. */
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeEach, expect } from 'vitest'
import { needsChromium, openBrowser, openDashboard, type Cuttable, type Watched } from '../browser.ts'
import { Nexus } from '../nexus.ts'

/** What a browser says of a daemon that went away on purpose. */
const GONE = /ERR_CONNECTION_REFUSED|WebSocket connection to|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/

export interface Desk {
  readonly nexus: Nexus
  /** A page that was let in, in a browser context of its own. */
  open(options?: BrowserContextOptions, stream?: Cuttable): Promise<Page>
}

/** Registers what happens before and after each test; a page that complains of anything fails its test. */
export function useDesk(prepare: (nexus: Nexus) => void = () => undefined): Desk {
  let browser: Browser | undefined
  let nexus: Nexus | undefined
  const opened: Watched[] = []
  beforeEach(async ({ skip }) => {
    needsChromium(skip)
    browser ??= await openBrowser()
    nexus = new Nexus({ env: { NEXUS_PORT: '0' } })
    prepare(nexus)
    await nexus.call('daemon', 'start')
  })
  afterEach(async () => {
    const complaints = opened.flatMap((watched) => watched.complaints)
    for (const { context } of opened.splice(0)) await context.close()
    await nexus?.[Symbol.asyncDispose]()
    nexus = undefined
    expect(complaints.filter((complaint) => !GONE.test(complaint))).toEqual([])
  })
  afterAll(() => browser?.close())
  const ready = () => {
    if (!browser || !nexus) throw new Error('the desk is set up before each test')
    return { browser, nexus }
  }
  return {
    get nexus() { return ready().nexus },
    async open(options, stream) {
      const watched = await openDashboard(ready().browser, ready().nexus, options, stream)
      opened.push(watched)
      return watched.page
    },
  }
}

/** Resolves when the list shows the run in this station. */
export async function status(page: Page, id: string, words: string): Promise<void> {
  await page.locator(`a[href="#/runs/${id}"]`).getByText(words, { exact: true }).waitFor({ state: 'attached' })
}

export async function said(page: Page, words: string | RegExp): Promise<void> {
  await page.locator('.said').getByText(words).waitFor()
}

export async function goTo(page: Page, id: string): Promise<void> {
  await page.locator(`a[href="#/runs/${id}"]`).click()
}

export function row(page: Page, name: string): Locator {
  return page.getByRole('treeitem').filter({ hasText: name })
}

/** The code of added or removed lines, in either layout of the diff. */
export function codeIn(place: Page | Locator, kind: 'added' | 'removed'): Locator {
  return place.locator(`.${kind}.code, .${kind} .code`)
}
