/** By keyboard alone, on a telephone's width, in light and dark, for a screen reader: axe finds nothing to complain of. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { codeIn, goTo, said, status, useDesk } from './dashboard/desk.ts'
import { proves } from './requirements.ts'

const desk = useDesk((nexus) => {
  mkdirSync(join(nexus.project, 'docs'))
  writeFileSync(join(nexus.project, 'docs/a.md'), 'one\n')
  writeFileSync(join(nexus.project, 'README.md'), '# Hello\n\nIt greets people.\n')
})
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
const COLOURS = `for c in 30 31 32 33 34 35 36 37 90 91 92 93 94 95 96 97; do printf "\\033[\${c}mink $c \\033[0m\\033[2;\${c}mdim\\033[0m "; done; for c in 41 42 43 44 45 46 47 100 107; do printf "\\033[\${c}mpaper $c\\033[0m "; done; printf "\\033[7minverse\\033[0m \\033[38;2;255;255;0myellow\\033[0m \\033[38;5;17mnavy\\033[0m\\n"; echo error >&2`

async function complaints(page: Page): Promise<string[]> {
  const { violations } = (await page.evaluate(`${axe}; axe.run(document, { resultTypes: ['violations'] })`)) as AxeResults
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ''}`))
}

test.each([['light', 'wide'], ['dark', 'wide'], ['light', 'narrow'], ['dark', 'narrow']] as const)(`${'axe finds nothing: %s, %s'} [SYS-2]`, async (colorScheme, width) => {
  const page = await desk.open({ colorScheme, ...(width === 'narrow' ? PHONE : {}) })
  const found: Record<string, string[]> = {}
  const look = async (what: string) => { const said = await complaints(page); if (said.length > 0) found[what] = said }
  await page.getByText('Nothing has run yet').waitFor()
  await look('empty')
  const run = await desk.nexus.run('--keep', `rm -rf docs; sed -i s/Hello/Welcome/ README.md; echo 42 > answer.txt; echo 1 > .envrc; ${COLOURS}`)
  const failed = await desk.nexus.run('--keep', '--timeout', '200ms', 'echo 1 > a; sleep 9')
  await desk.nexus.run('--apply', 'echo 1 > applied.txt')
  await status(page, failed.id, 'failed')
  await look('list')
  await page.goto(`${new URL(page.url()).origin}/#/runs/${run.id}`)
  await page.getByRole('treeitem').filter({ hasText: 'README.md' }).click()
  await codeIn(page, 'added').first().waitFor()
  await look('changes')
  await page.keyboard.press('d')
  await look('the other diff')
  await page.getByRole('tab', { name: 'Output' }).click()
  await page.locator('.line', { hasText: 'navy' }).waitFor()
  await look('output')
  await page.keyboard.press('?')
  await page.getByRole('dialog').waitFor()
  await look('keys')
  await page.keyboard.press('Escape')
  await page.keyboard.press('x')
  await page.getByRole('dialog').waitFor()
  await look('discard')
  await page.keyboard.press('Escape')
  writeFileSync(join(desk.nexus.project, 'README.md'), 'by hand\n')
  await page.keyboard.press('a')
  await said(page, 'Nothing was applied')
  await page.keyboard.press('c')
  await page.getByRole('region', { name: 'Conflicts' }).waitFor()
  await look('conflicts')
  const { run: served } = await desk.nexus.json<{ run: { id: string } }>('run', '--detach', '--publish', '0:80', '--', 'sleep', '60')
  await page.goto(`${new URL(page.url()).origin}/#/runs/${served.id}`)
  await page.locator('a.port').waitFor()
  await look('port')
  await page.locator('#kill').click({ delay: 1500 })
  await page.locator('.receipt').getByText('Host:').waitFor()
  await look('killed')
  await desk.nexus.call('kill', '--release')
  await page.evaluate('localStorage.clear()')
  await page.reload()
  await page.getByText('This browser has not been let in yet.').waitFor()
  await look('shut')
  expect(found).toEqual({})
})

test(proves('the whole story by keyboard: find, open, look, leave one out, apply, roll back, discard', 'SYS-2', 'RUN-4'), async () => {
  const page = await desk.open()
  const exists = (path: string) => existsSync(join(desk.nexus.project, path))
  await desk.nexus.run('--keep', 'echo other > other.txt')
  const run = await desk.nexus.run('--keep', 'rm -rf docs; echo 42 > answer.txt; echo 43 > brother.txt')
  await desk.nexus.run('--keep', 'echo third > third.txt')
  await status(page, run.id, 'to decide')
  const focused = () => page.evaluate('document.activeElement?.textContent ?? ""') as Promise<string>

  await page.keyboard.press('g')
  expect(await focused()).toContain('third.txt')
  await page.keyboard.press('ArrowDown')
  expect(await focused()).toContain('brother.txt')
  // What has the focus can be seen.
  expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid')
  await page.keyboard.press('Enter')
  await page.getByRole('tree').waitFor()

  // Tab leads to the parts, then into the tree; arrows walk it.
  for (let at = 0; at < 12 && !(await page.evaluate('document.activeElement?.getAttribute("role") === "treeitem"')); at += 1) await page.keyboard.press('Tab')
  await page.keyboard.press('Home')
  await expect.poll(focused).toContain('docs/')
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowDown')
  await expect.poll(focused).toContain('answer.txt')
  await codeIn(page, 'added').filter({ hasText: '42' }).waitFor()
  await page.keyboard.press('ArrowDown')
  await expect.poll(focused).toContain('brother.txt')
  await page.keyboard.press('Space')
  await page.getByRole('button', { name: /^Apply 3 of 4/ }).waitFor()
  await page.keyboard.press('a')
  await said(page, 'Applied 3 paths.')
  expect([exists('answer.txt'), exists('brother.txt'), exists('docs')]).toEqual([true, false, false])
  await page.keyboard.press('r')
  await said(page, 'Rolled back 3 paths.')
  expect([exists('answer.txt'), exists('docs/a.md')]).toEqual([false, true])
  await page.keyboard.press('x')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await said(page, 'Discarded')

  // Back to the list, and to another run by its name.
  await page.keyboard.press('Escape')
  await page.keyboard.press('/')
  await page.keyboard.type('other.txt !a')
  await page.keyboard.press('Control+A')
  await page.keyboard.type('echo other')
  await expect.poll(() => page.locator('.run').count()).toBe(2)
  expect([exists('other.txt')]).toEqual([false])
})

test(proves('at 390 pixels: nothing is cut off, and a decision takes three touches', 'SYS-2'), async () => {
  const page = await desk.open(PHONE)
  const run = await desk.nexus.run('--keep', `echo 42 > answer.txt; mkdir -p a/very/long/way/down/to; echo ${'x'.repeat(300)} > a/very/long/way/down/to/${'a-long-name-'.repeat(10)}.txt`)
  await status(page, run.id, 'to decide')
  const overflows = () => page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth')
  expect(await overflows()).toBe(false)
  await page.locator(`a[href="#/runs/${run.id}"]`).tap()
  await page.getByRole('tree').waitFor()
  expect(await overflows()).toBe(false)
  for (const name of [/^Apply all/, /^Keep/, /^Discard/]) {
    const box = await page.getByRole('button', { name }).boundingBox()
    expect(box && { inSight: box.x >= 0 && box.x + box.width <= 390 && box.y + box.height <= 844, isTouchable: box.height >= 36 }).toEqual({ inSight: true, isTouchable: true })
  }
  await page.getByRole('treeitem').filter({ hasText: 'answer.txt' }).tap()
  await codeIn(page, 'added').filter({ hasText: '42' }).waitFor()
  await page.getByRole('button', { name: /^Apply all/ }).tap()
  await said(page, /^Applied/)
  expect(existsSync(join(desk.nexus.project, 'answer.txt'))).toBe(true)
  await page.getByRole('link', { name: '← all runs' }).tap()
  await page.getByRole('list', { name: 'Runs' }).waitFor()
  expect(await overflows()).toBe(false)
})

test(proves('who wants less motion gets none', 'SYS-2'), async () => {
  const page = await desk.open({ reducedMotion: 'reduce' })
  const live = desk.nexus.start(['run', '--keep', 'sleep 60'])
  await page.locator('.run[data-status="running"]').waitFor()
  expect(await page.evaluate('document.getAnimations().length')).toBe(0)
  await goTo(page, (await desk.nexus.json<{ runs: { id: string }[] }>('runs')).runs[0]?.id ?? '')
  await page.getByRole('button', { name: /^Stop this run/ }).waitFor()
  await page.keyboard.press('s')
  await live.ended
})
