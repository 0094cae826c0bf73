import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Ballast } from './ballast.ts'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'nexus-ballast-')) })
afterEach(() => rmSync(folder, { recursive: true }))

/** Fails as a full disk does, so many times. */
function failing(times: number, code = 'ENOSPC'): () => string {
  let left = times
  return () => {
    if (left-- > 0) throw Object.assign(new Error('no'), { code })
    return 'done'
  }
}

function aboard(): Ballast {
  const ballast = new Ballast(folder)
  ballast.takeOnBoard()
  return ballast
}

test('it weighs what it says, on the disk and not only in the directory', () => {
  const ballast = aboard()
  expect([statSync(join(folder, 'ballast')).blocks * 512, ballast.isReleased]).toEqual([8 * 1024 * 1024, false])
})

test.each(['ENOSPC', 'EDQUOT', 'SQLITE_FULL'])('work that meets %s is done once more without it', (code) => {
  const ballast = aboard()
  expect(ballast.relieved(failing(1, code))).toBe('done')
  expect([existsSync(join(folder, 'ballast')), ballast.isReleased]).toEqual([false, true])
})

test('a disk that stays full is a problem with a name; another error is itself', () => {
  const ballast = aboard()
  expect(() => ballast.relieved(failing(1, 'EIO'))).toThrow('no')
  expect(ballast.isReleased).toBe(false)
  expect(() => ballast.relieved(failing(2))).toThrow(expect.objectContaining({ code: 'disk-full', message: expect.stringContaining(folder) }))
  expect(() => ballast.relieved(failing(1))).toThrow(expect.objectContaining({ code: 'disk-full' }))
})

test('it comes on board again as soon as there is room, and nothing is refused any more', () => {
  const ballast = aboard()
  ballast.release()
  ballast.requireSpace()
  expect([existsSync(join(folder, 'ballast')), ballast.disk]).toEqual([true, { freeBytes: expect.any(Number), full: false }])
})
