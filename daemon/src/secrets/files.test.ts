import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { secretFilesIn } from './files.ts'

let top: string
beforeEach(() => { top = mkdtempSync(join(tmpdir(), 'nexus-files-')) })
afterEach(() => rmSync(top, { recursive: true, force: true }))

test('hundreds of files like .env are all found; of more than can be covered none is left out in silence', async () => {
  for (let number = 0; number < 900; number += 1) {
    mkdirSync(join(top, `service-${number}`))
    writeFileSync(join(top, `service-${number}/.env`), 'KEY=1')
  }
  expect(await secretFilesIn(top)).toHaveLength(900)
  writeFileSync(join(top, '.env'), 'KEY=1')
  await expect(secretFilesIn(top)).rejects.toMatchObject({ shape: { code: 'secret-files-many' } })
})

test('what lies behind tens of thousands of other names is found', async () => {
  for (let number = 0; number < 21_000; number += 1) writeFileSync(join(top, `file-${number}`), '')
  mkdirSync(join(top, 'last'))
  writeFileSync(join(top, 'last/.env'), 'KEY=1')
  expect(await secretFilesIn(top)).toEqual(['last/.env'])
})
