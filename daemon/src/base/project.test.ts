import { chmodSync, chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { placeOf } from './project.ts'

let root: string
let boundaries: { userHome: string; state: string }
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'nexus-project-')))
  for (const folder of ['home/code/app/src', 'home/plain/deep', 'home/.local/state/nexus', 'elsewhere/x']) mkdirSync(join(root, folder), { recursive: true })
  mkdirSync(join(root, 'home/code/app/.git'))
  boundaries = { userHome: join(root, 'home'), state: join(root, 'home/.local/state/nexus') }
})
afterEach(() => rmSync(root, { recursive: true }))

const problem = (code: string) => expect.objectContaining({ code })

test('the nearest ancestor with .git, else the directory itself', () => {
  expect(placeOf(join(root, 'home/code/app/src'), undefined, boundaries)).toEqual({ cwd: join(root, 'home/code/app/src'), project: join(root, 'home/code/app') })
  expect(placeOf(join(root, 'home/plain/deep'), undefined, boundaries).project).toBe(join(root, 'home/plain/deep'))
})

test('.nexus/settings.yaml makes a project, and a .git that is a file does', () => {
  mkdirSync(join(root, 'home/plain/.nexus'))
  writeFileSync(join(root, 'home/plain/.nexus/settings.yaml'), '')
  expect(placeOf(join(root, 'home/plain/deep'), undefined, boundaries).project).toBe(join(root, 'home/plain'))
  writeFileSync(join(root, 'elsewhere/.git'), 'gitdir: /x')
  expect(placeOf(join(root, 'elsewhere/x'), undefined, boundaries).project).toBe(join(root, 'elsewhere'))
})

test('a .git in the home directory does not make the home a project', () => {
  mkdirSync(join(root, 'home/.git'))
  expect(placeOf(join(root, 'home/plain'), undefined, boundaries).project).toBe(join(root, 'home/plain'))
})

test('in a folder for everybody a mark of somebody else makes no project; our own does', ({ skip }) => {
  if (process.geteuid?.() !== 0) skip('needs root: a mark of somebody else')
  chmodSync(join(root, 'elsewhere'), 0o1777)
  for (const [mark, content] of [['.git', '.git/HEAD'], ['.nexus', '.nexus/settings.yaml']] as const) {
    mkdirSync(join(root, 'elsewhere', mark))
    writeFileSync(join(root, 'elsewhere', content), '')
    for (const path of [mark, content]) chownSync(join(root, 'elsewhere', path), 1500, 1500)
    expect(placeOf(join(root, 'elsewhere/x'), undefined, boundaries).project).toBe(join(root, 'elsewhere/x'))
  }
  chownSync(join(root, 'elsewhere/.git'), 0, 0)
  expect(placeOf(join(root, 'elsewhere/x'), undefined, boundaries).project).toBe(join(root, 'elsewhere'))
})

test('home, / and what holds the home are refused; so is the state folder', () => {
  for (const cwd of [join(root, 'home'), root, '/']) expect(() => placeOf(cwd, undefined, boundaries)).toThrow(problem('project-refused'))
  expect(() => placeOf(join(root, 'elsewhere'), join(root, 'home'), boundaries)).toThrow(problem('project-refused'))
  expect(() => placeOf(boundaries.state, undefined, boundaries)).toThrow(problem('project-in-state'))
})

test('links are followed before anything is decided', () => {
  symlinkSync(join(root, 'home'), join(root, 'elsewhere/link'))
  expect(() => placeOf(join(root, 'elsewhere/link'), undefined, boundaries)).toThrow(problem('project-refused'))
})

test('bad directories are named', () => {
  expect(() => placeOf(join(root, 'nowhere'), undefined, boundaries)).toThrow(problem('no-directory'))
  writeFileSync(join(root, 'file'), '')
  expect(() => placeOf(join(root, 'file'), undefined, boundaries)).toThrow(problem('not-a-directory'))
  expect(() => placeOf(join(root, 'elsewhere'), join(root, 'home/code/app'), boundaries)).toThrow(problem('cwd-outside-project'))
})
