import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { credentialsIn, toolchainsIn } from './toolchains.ts'

let home: string
beforeEach(() => { home = mkdtempSync(join(tmpdir(), 'nexus-home-')) })
afterEach(() => rmSync(home, { recursive: true }))

function shown(entries: string[], folders: string[], project = '/elsewhere'): string[] {
  for (const folder of folders) mkdirSync(join(home, folder), { recursive: true })
  return toolchainsIn(entries.map((entry) => entry.replace('~', home)).join(':'), home, project.replace('~', home)).map((path) => path.replace(home, '~'))
}

test('a known toolchain comes with its root, once', () => {
  expect(shown(['~/.nvm/versions/node/v24/bin', '~/.nvm/versions/node/v24/bin', '/usr/bin', ''], ['.nvm/versions/node/v24/bin', '.nvm/versions/node/v22'])).toEqual(['~/.nvm/versions/node/v24'])
  expect(shown(['~/.pyenv/shims', '~/.pyenv/bin'], ['.pyenv/shims', '.pyenv/bin'])).toEqual(['~/.pyenv'])
})

test('cargo shows its programs and rustup, not its credentials', () => {
  expect(shown(['~/.cargo/bin'], ['.cargo/bin', '.rustup'])).toEqual(['~/.cargo/bin', '~/.rustup'])
})

test('an unknown entry is shown alone, and only when it is a folder', () => {
  expect(shown(['~/work/bin', '~/missing', '~'], ['work/bin'])).toEqual(['~/work/bin'])
})

test.each(['~/', '~//', '~/.', '~/work/..', '~/missing/..', '~/..', '~/x/node_modules/.bin/../../..', '~/up', '~/self', '~/up/home', '~/.ssh', '~/work/../.ssh', '~/keys', 'work/bin', '.', ''])('an entry written as "%s" shows nothing of the home', (entry) => {
  for (const folder of ['work/bin', '.ssh']) mkdirSync(join(home, folder), { recursive: true })
  for (const [link, target] of [['up', '..'], ['self', '.'], ['keys', '.ssh']] as const) symlinkSync(target, join(home, link))
  expect(shown([entry], [])).toEqual([])
})

test('an entry with a slash too many is what it is without', () => {
  expect(shown(['~/work/bin/', '~/./work//bin', '~/.cargo/bin/'], ['work/bin', '.cargo/bin'])).toEqual(['~/work/bin', '~/.cargo/bin'])
})

test('the project is never covered, nor shown twice', () => {
  expect(shown(['~/p/node_modules/.bin', '~/.pyenv/shims'], ['p/node_modules/.bin', '.pyenv/shims/p'], '~/p')).toEqual(['~/.pyenv'])
  expect(shown(['~/.pyenv/shims'], ['.pyenv/shims'], '~/.pyenv/shims/p')).toEqual([])
})

test('a neighbour with the same beginning is not below the home', () => {
  expect(toolchainsIn(`${home}-other/bin`, home, '/elsewhere')).toEqual([])
})

test('what a tool keeps for itself beside its programs is told apart from them', () => {
  for (const folder of ['node/bin', 'node/etc', 'uv/credentials']) mkdirSync(join(home, folder), { recursive: true })
  for (const file of ['node/.npmrc', 'node/etc/npmrc', 'node/etc/bashrc', 'node/README.md', 'uv/auth.json']) writeFileSync(join(home, file), '')
  writeFileSync(join(home, 'uv/tokens'), '', { mode: 0o755 })
  expect(credentialsIn([join(home, 'node'), join(home, 'uv'), join(home, 'none')]).map((path) => path.slice(home.length + 1)).sort()).toEqual(['node/.npmrc', 'node/etc/npmrc', 'uv/auth.json', 'uv/credentials'])
})
