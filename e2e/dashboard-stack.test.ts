/** Stacked runs in the browser: the tree as a picture, by keyboard, on a telephone's width; applied as one, stale and run again. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { goTo, said, status, useDesk } from './dashboard/desk.ts'
import { proves } from './requirements.ts'

const desk = useDesk()
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
const exists = (path: string) => existsSync(join(desk.nexus.project, path))
const keep = (command: string, ...options: string[]) => desk.nexus.run('--keep', ...options, command)

async function complaints(page: Page): Promise<string[]> {
  const { violations } = (await page.evaluate(`${axe}; axe.run(document, { resultTypes: ['violations'] })`)) as AxeResults
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ''}`))
}

test(proves('the tree is walked by keyboard, a run is applied with those below it, and what stood on a part is run again', 'SYS-2', 'RUN-7'), async () => {
  const page = await desk.open()
  const first = await keep('echo 1 > one; echo 1 > also')
  const second = await keep('cat one > two', '--on', first.id)
  const fork = await keep('cat one > fork', '--on', first.id)
  await status(page, fork.id, 'to decide')
  await goTo(page, second.id)
  await page.getByRole('tab', { name: /^Stack/ }).waitFor()
  await page.keyboard.press('t')
  const links = page.getByRole('list', { name: /^The layers of this stack/ }).getByRole('link')
  expect(await page.locator('.stack .trunk').allTextContents()).toEqual(['', '├ ', '└ '])
  expect(await links.nth(1).getAttribute('aria-current')).toBe('true')
  await links.nth(1).focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.waitForURL(`**/#/runs/${fork.id}`)
  await page.getByRole('tab', { name: /^Stack/ }).waitFor()

  // As one: what that is, is shown before.
  await page.getByRole('button', { name: /^Apply with the 1 below/ }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Together they are 3 changes').waitFor()
  expect(await dialog.getByRole('listitem').allInnerTexts()).toEqual([expect.stringContaining('also'), expect.stringContaining('fork'), expect.stringContaining('one')])
  expect(await complaints(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Apply them as one' }).click()
  await said(page, 'Applied 3 paths.')
  await status(page, first.id, 'applied')
  await page.keyboard.press('r')
  await said(page, 'Rolled back 3 paths.')
  expect([exists('one'), exists('fork')]).toEqual([false, false])

  // A part of the ground: what stands on it is stale, and one key runs it again.
  expect((await desk.nexus.json('apply', first.id, 'one')).code).toBe(0)
  await status(page, second.id, 'stale')
  await goTo(page, second.id)
  await page.getByRole('button', { name: /^Run again/ }).waitFor()
  await page.keyboard.press('e')
  await said(page, 'It runs again')
  await page.getByRole('button', { name: /^Apply all 1/ }).click()
  await said(page, 'Applied 1 path.')
  expect(readFileSync(join(desk.nexus.project, 'two'), 'utf8')).toBe('1\n')
})

test(proves('conflicts of a run and those below it are settled as one; the word is that of the critical one', 'SYS-2', 'RUN-4', 'RUN-7'), async () => {
  const page = await desk.open()
  const lines = Array.from({ length: 9 }, (_, at) => `line ${at + 1}\n`).join('')
  const file = join(desk.nexus.project, 'text')
  writeFileSync(file, lines)
  const below = await keep("rm -rf .git; sed -i 's/line 9/run 9/' text")
  const above = await keep('echo above > two', '--on', below.id)
  writeFileSync(file, lines.replace('line 2', 'host 2'))
  await status(page, above.id, 'to decide')
  await goTo(page, above.id)
  await page.getByRole('button', { name: /^Apply with the 1 below/ }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox').fill('critical')
  await dialog.getByRole('button', { name: 'Apply them as one' }).click()
  await page.getByText('both sides merge cleanly').waitFor()
  await page.getByRole('button', { name: 'Look at the result…' }).click()
  expect(await dialog.getByRole('button', { name: 'Write it' }).isDisabled()).toBe(true)
  await dialog.getByRole('textbox').fill('critical')
  expect(await complaints(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Write it' }).click()
  await said(page, /^Applied \d paths\./)
  expect([readFileSync(file, 'utf8'), exists('two'), exists('.git')]).toEqual([lines.replace('line 2', 'host 2').replace('line 9', 'run 9'), true, false])
})

test.each(['light', 'dark'] as const)(proves('on a telephone, %s: it fits, axe finds nothing, and a tree is thrown away as a whole', 'SYS-2', 'RUN-7'), async (colorScheme) => {
  const page = await desk.open({ ...PHONE, colorScheme })
  const first = await keep('echo 1 > a-file-with-a-name-that-is-rather-long-for-a-telephone')
  let top = first
  for (let depth = 1; depth <= 3; depth += 1) top = await keep(`echo ${depth} > "file $(printf 'and so on %.0s' 1 2 3 4 5 6)"; rm -f none`, '--on', top.id)
  await page.goto(`${new URL(page.url()).origin}/#/runs/${first.id}`)
  await page.getByRole('tab', { name: /^Stack/ }).click()
  await page.locator('.stack li').nth(3).waitFor()
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
  expect(await complaints(page)).toEqual([])
  await page.getByRole('button', { name: /^Discard/ }).click()
  await page.getByRole('dialog').getByText('3 layers stand on it').waitFor()
  expect(await complaints(page)).toEqual([])
  await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click()
  await said(page, 'Discarded')
  await status(page, top.id, 'discarded')
})
