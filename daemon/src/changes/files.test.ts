/** The file operations, every way there is to do them. */
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { openNativeFiles } from '../base/native-files.ts'
import { compileHelper, helperProtocol, removeHelper } from './compiled-helper.ts'
import { filesContract } from './files.contract.ts'
import { NodeFiles } from './node-files.ts'

const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer', '-g']
const helpers = { plain: compileHelper(), sanitized: compileHelper(SANITIZERS), old: compileHelper(['-DNEXUS_WITHOUT_OPENAT2', ...SANITIZERS]) }
afterAll(() => { for (const helper of Object.values(helpers)) removeHelper(helper) })

filesContract('Node alone', async () => new NodeFiles())
const { plain, sanitized, old } = helpers
if (plain && sanitized && old) {
  filesContract('the native helper', () => openNativeFiles(plain))
  filesContract('the native helper under sanitizers', () => openNativeFiles(sanitized))
  filesContract('the native helper without openat2, under sanitizers', () => openNativeFiles(old))
}

describe('the native helper and a broken daemon', () => {
  beforeEach(({ skip }) => { if (!sanitized) skip('needs gcc: apt-get install gcc libc6-dev') })
  test('ends when its greeting is wrong, when a frame is too long, when input ends in the middle', async () => {
    expect(await speak(Buffer.alloc(0))).toMatchObject({ code: 0, errors: '' })
    expect(await speak(request(1, 4, Buffer.alloc(8)))).toMatchObject({ code: 1, answers: Buffer.alloc(0), errors: '' })
    expect(await speak(request(1, 1, Buffer.from('NXF1\x7f\0\0\0', 'latin1')))).toMatchObject({ code: 1, errors: '' })
    expect(await speak(Buffer.concat([hello(), Buffer.from([0xff, 0xff, 0xff, 0x7f])]))).toMatchObject({ code: 1, errors: '' })
    expect(await speak(Buffer.concat([hello(), Buffer.from([20, 0, 0, 0, 1])]))).toMatchObject({ code: 0, errors: '' })
    await expect(openNativeFiles('/bin/false')).rejects.toThrow()
    await expect(openNativeFiles('/nowhere/nexus-native')).rejects.toThrow()
  })

  // No request of these opens a root: whatever the bytes say, there is no tree that they could change.
  test('random requests are refused, never crashed on', async () => {
    const random = generator(20_260_301)
    for (let round = 0; round < 40; round++) {
      const requests = Array.from({ length: 50 }, (_, index) => request(index, without(2, random(256)), Buffer.from(Array.from({ length: random(80) }, () => (random(3) === 0 ? random(256) : random(4))))))
      const { code, errors } = await speak(Buffer.concat([hello(), ...requests]))
      expect({ round, code: code === 0 || code === 1, errors }).toEqual({ round, code: true, errors: '' })
    }
  })

  // With a root, but one that the helper may not write: as nobody, in a folder of its own that is only readable.
  test('damaged requests within a tree are answered, never crashed on', async () => {
    const tree = fs.mkdtempSync(join(tmpdir(), 'nexus-fuzz-'))
    fs.mkdirSync(join(tree, 'a/b'), { recursive: true })
    fs.writeFileSync(join(tree, 'a/file'), 'x')
    fs.symlinkSync('a', join(tree, 'link'))
    for (const path of [tree, join(tree, 'a'), join(tree, 'a/b')]) fs.chmodSync(path, 0o555)
    const before = JSON.stringify(fs.readdirSync(tree, { recursive: true }))
    try {
      const random = generator(42)
      const paths = ['', 'a', 'a/b', 'a/file', 'link', 'link/b', '../x', 'a//b', 'q'.repeat(5000), 'nothing'].map((path) => Buffer.from(path))
      const place = () => { const path = paths[random(paths.length)]!; return Buffer.concat([u32(random(20) === 0 ? random(1000) : 0), u32(random(20) === 0 ? random(2 ** 31) : path.length), path]) }
      for (let round = 0; round < 40; round++) {
        const requests = Array.from({ length: 100 }, (_, index) => {
          const body = Buffer.concat([place(), ...(random(2) ? [place()] : []), Buffer.from(Array.from({ length: random(40) }, () => random(256)))])
          return request(index, without(2, random(22)), random(4) === 0 ? body.subarray(0, random(body.length + 1)) : body)
        })
        const { code, errors } = await speak(Buffer.concat([hello(), request(0, 2, Buffer.concat([u32(tree.length), Buffer.from(tree)])), ...requests]), true)
        expect({ round, code, errors }).toEqual({ round, code: 0, errors: '' })
      }
      expect(JSON.stringify(fs.readdirSync(tree, { recursive: true }))).toBe(before)
    } finally {
      for (const path of [tree, join(tree, 'a'), join(tree, 'a/b')]) fs.chmodSync(path, 0o755)
      fs.rmSync(tree, { recursive: true, force: true })
    }
  })
})

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function request(id: number, operation: number, body: Buffer): Buffer {
  return Buffer.concat([u32(5 + body.length), u32(id), Buffer.from([operation]), body])
}

/** A greeting that it takes. */
function hello(): Buffer {
  return request(0, 1, Buffer.concat([Buffer.from('NXF1', 'latin1'), u32(helperProtocol())]))
}

function without(operation: number, drawn: number): number {
  return drawn === operation ? operation + 1 : drawn
}

/** Repeatable numbers below a limit. */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return Math.floor((state / 0x8000_0000) * below)
  }
}

/** As nobody when we are root and the helper has a tree. */
async function speak(bytes: Buffer, asNobody = false): Promise<{ code: number | null; answers: Buffer; errors: string }> {
  const owner = asNobody && process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const child = spawn(sanitized ?? '', ['files'], { stdio: ['pipe', 'pipe', 'pipe'], env: { ASAN_OPTIONS: 'detect_leaks=1' }, ...owner })
  // It may end before it has read everything.
  child.stdin.on('error', () => {})
  child.stdin.end(bytes)
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [answers, errors, code] = await Promise.all([buffer(child.stdout), text(child.stderr), ended])
  return { code, answers, errors }
}
