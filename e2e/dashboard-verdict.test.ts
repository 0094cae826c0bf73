/** The verdict in the browser: a word that opens to its reasons, with the part of the command that each belongs to. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { goTo, useDesk } from './dashboard/desk.ts'
import { proves } from './requirements.ts'

const desk = useDesk(({ project }) => {
  mkdirSync(join(project, 'src'))
  for (const name of ['src/a.ts', '.git/HEAD']) writeFileSync(join(project, name), `${name}\n`)
  writeFileSync(join(project, 'clean.sh'), 'rm -rf .git\n')
})
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
const MARKUP = '<img src=x onerror="window.owned=1"><script>window.owned=2</script>'

async function complaints(page: Page): Promise<string[]> {
  const { violations } = (await page.evaluate(`${axe}; axe.run(document, { resultTypes: ['violations'] })`)) as AxeResults
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ''}`))
}

const card = (page: Page) => page.getByRole('dialog', { name: 'Why this verdict' })

test(proves('by keyboard: it opens at the gravest part, each part shows its place, and the focus comes back', 'SAFE-1', 'SYS-2'), async () => {
  const page = await desk.open()
  const run = await desk.nexus.run('--keep', "ls src && rm -rf ./* ./.git | cat; sh -c 'echo 1 > new'")
  await goTo(page, run.id)
  const word = page.getByRole('button', { name: '✗ critical' })
  await word.focus()
  await page.keyboard.press('Enter')
  const parts = card(page).locator('.stages button')
  await parts.first().waitFor()
  expect(await parts.locator('code').allTextContents()).toEqual(['ls src', 'rm -rf ./* ./.git', 'cat', "sh -c 'echo 1 > new'", 'echo 1'])
  const marked = card(page).locator('.source mark')
  expect(await marked.textContent()).toBe('rm -rf ./* ./.git')
  expect(await card(page).locator('.source').textContent()).toBe("ls src && rm -rf ./* ./.git | cat; sh -c 'echo 1 > new'")
  await parts.first().focus()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  expect(await marked.textContent()).toBe("sh -c 'echo 1 > new'")
  expect(await card(page).locator('button[aria-pressed="true"] .verdict').textContent()).toMatch(/^(●|✓) (caution|safe)$/)
  for (const words of ['Why', 'What it does', 'Cannot be taken back', 'A run in a layer shows', 'Gentler']) await card(page).getByRole('heading', { name: words, exact: true }).waitFor()
  expect(await complaints(page)).toEqual([])
  await page.keyboard.press('Escape')
  await card(page).waitFor({ state: 'detached' })
  expect(await page.evaluate('document.activeElement.textContent')).toBe('✗ critical')

  // What was seen is told apart from what was read.
  const seen = await desk.nexus.run('--keep', 'sh clean.sh')
  await goTo(page, seen.id)
  await page.getByRole('button', { name: '✗ critical (caution by its text)' }).waitFor()
  await page.keyboard.press('v')
  await card(page).getByText('By its text it was caution; what it was seen to do raised it.').waitFor()
  await card(page).getByRole('listitem').filter({ hasText: 'deleted the history' }).waitFor()
  await card(page).locator('.stages').getByText('runs the script clean.sh').waitFor()
})

test(proves('on a telephone, light and dark: it fits, axe finds nothing, and a hostile command stays text', 'SAFE-1', 'SYS-2'), async () => {
  const page = await desk.open({ ...PHONE, colorScheme: 'light' })
  const run = await desk.nexus.run('--keep', `echo '${MARKUP}' "\u202Etxt.exe" ${'and-so-on-'.repeat(40)}\nrm -rf src # ${MARKUP}`)
  await page.goto(`${new URL(page.url()).origin}/#/runs/${run.id}`)
  await page.getByRole('button', { name: '▲ dangerous' }).click()
  await card(page).locator('.stages button').nth(1).waitFor()
  const source = await card(page).locator('.source').textContent()
  for (const words of [MARKUP, '\\u202etxt.exe', '\nrm -rf src']) expect(source).toContain(words)
  expect(await page.evaluate('({ owned: window.owned ?? null, images: document.querySelectorAll("dialog img").length, scripts: document.querySelectorAll("dialog script").length, width: document.documentElement.scrollWidth <= 390, dialog: document.querySelector("dialog").scrollWidth <= 390 })')).toEqual({ owned: null, images: 0, scripts: 0, width: true, dialog: true })
  expect(await complaints(page)).toEqual([])
  await page.emulateMedia({ colorScheme: 'dark' })
  expect(await complaints(page)).toEqual([])
  await card(page).getByRole('button', { name: 'Close' }).click()
  await card(page).waitFor({ state: 'detached' })
})
