/** What every way to do file operations promises; runs on the helper, on its fallback without openat2, and on Node alone. */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Files, Root, Seen } from '../base/files.ts'
import { look } from './seen.ts'

export function filesContract(name: string, open: () => Promise<Files>): void {
  describe(name, () => {
    let folder: string
    let files: Files
    let root: Root

    beforeEach(async () => {
      folder = fs.mkdtempSync(join(tmpdir(), 'nexus-files-'))
      files = await open()
      root = await files.open(folder)
    })
    afterEach(async () => {
      await files[Symbol.asyncDispose]()
      fs.rmSync(folder, { recursive: true, force: true })
    })

    const place = (path: string) => ({ root, path })
    const write = (path: string, content: string) => fs.writeFileSync(join(folder, path), content)
    const read = (path: string) => fs.readFileSync(join(folder, path), 'utf8')
    const refused = (code: string) => expect.objectContaining({ code })

    test('stat tells what a path is, and null where nothing is', async () => {
      write('file', 'four')
      fs.chmodSync(join(folder, 'file'), 0o4640)
      fs.symlinkSync('file\nname', join(folder, 'link'))
      execFileSync('mkfifo', [join(folder, 'pipe')])
      expect(await files.stat(place('file'))).toMatchObject({ type: 'file', mode: 0o4640, size: 4n, nlink: 1, mtimeNs: fs.lstatSync(join(folder, 'file'), { bigint: true }).mtimeNs })
      expect(await files.stat(place('link'))).toMatchObject({ type: 'symlink', linkTarget: 'file\nname' })
      expect(await files.stat(place('pipe'))).toMatchObject({ type: 'fifo' })
      expect(await files.stat(place(''))).toMatchObject({ type: 'directory' })
      expect(await files.stat(place('nothing'))).toBeNull()
      expect(await files.stat(place('no/thing'))).toBeNull()
    })

    test('no path leaves the root, none goes through a link', async () => {
      fs.mkdirSync(join(folder, 'inside'))
      write('inside/file', 'in')
      fs.symlinkSync('inside', join(folder, 'link'))
      fs.symlinkSync('/etc', join(folder, 'etc'))
      for (const path of ['../x', 'inside/../../x', '/etc/passwd', 'a//b', '.', './inside', 'inside/', 'with\0nul']) await expect(files.stat(place(path)), path).rejects.toEqual(refused('EINVAL'))
      for (const path of ['link/file', 'etc/passwd']) await expect(files.stat(place(path)), path).rejects.toMatchObject({ code: expect.stringMatching(/^(ELOOP|ENOTDIR)$/) })
      await expect(files.mkdir(place('link/new'), 0o755)).rejects.toThrow()
      await expect(files.unlink(place('link/file'))).rejects.toThrow()
      await expect(files.rename(place('inside/file'), place('link/moved'), { mode: 'no-replace' })).rejects.toThrow()
      await expect(files.setMeta(place('link/file'), { mode: 0o777 })).rejects.toThrow()
      expect(read('inside/file')).toBe('in')
    })

    test('names of any bytes', async () => {
      for (const name of ['-rf', ' ', 'new\nline', '\xff\xfe', 'x'.repeat(255), '\xf0\x9f\x98\x80']) {
        await files.mkdir(place(name), 0o700)
        expect(await files.stat(place(name))).toMatchObject({ type: 'directory', mode: 0o700 })
        expect(await files.list(place(''))).toEqual([name])
        await files.rmdir(place(name))
      }
      await expect(files.mkdir(place('x'.repeat(256)), 0o700)).rejects.toEqual(refused('ENAMETOOLONG'))
    })

    test('copy makes a new file of the same content, and never replaces one', async () => {
      write('from', 'content')
      await files.copy(place('from'), place('to'), false)
      expect(read('to')).toBe('content')
      expect(await files.stat(place('to'))).toMatchObject({ mode: 0o600 })
      await expect(files.copy(place('from'), place('to'), false)).rejects.toEqual(refused('EEXIST'))
      fs.symlinkSync('from', join(folder, 'link'))
      await expect(files.copy(place('link'), place('other'), false)).rejects.toEqual(refused('ELOOP'))
      execFileSync('mkfifo', [join(folder, 'pipe')])
      await expect(files.copy(place('pipe'), place('other'), false)).rejects.toEqual(refused('EINVAL'))
      expect(fs.existsSync(join(folder, 'other'))).toBe(false)
    })

    test('copies large and sparse files', async () => {
      const sparse = fs.openSync(join(folder, 'sparse'), 'w')
      fs.writeSync(sparse, 'head', 0)
      fs.writeSync(sparse, 'middle', 20_000_000)
      fs.ftruncateSync(sparse, 50_000_000)
      fs.closeSync(sparse)
      await files.copy(place('sparse'), place('copy'), false)
      expect(spawnSync('cmp', [join(folder, 'sparse'), join(folder, 'copy')]).status).toBe(0)
      if (files.exact.anchored) expect(fs.statSync(join(folder, 'copy')).blocks).toBeLessThan(10_000)
    })

    test('rename replaces, refuses or exchanges, as asked', async () => {
      write('a', 'A')
      write('b', 'B')
      await expect(files.rename(place('a'), place('b'), { mode: 'no-replace' })).rejects.toEqual(refused('EEXIST'))
      await files.rename(place('a'), place('b'), { mode: 'exchange' })
      expect([read('a'), read('b')]).toEqual(['B', 'A'])
      await files.rename(place('a'), place('c'), { mode: 'no-replace' })
      await files.rename(place('c'), place('b'), { mode: 'replace' })
      expect([fs.readdirSync(folder), read('b')]).toEqual([['b'], 'B'])
      fs.mkdirSync(join(folder, 'd'))
      await files.rename(place('b'), place('d'), { mode: 'exchange' })
      expect([(await files.stat(place('b')))?.type, (await files.stat(place('d')))?.type]).toEqual(['directory', 'file'])
      await expect(files.rename(place('b'), place('d'), { mode: 'no-replace' })).rejects.toEqual(refused('EEXIST'))
    })

    test('a guard notices that somebody was there', async () => {
      write('host', 'old')
      write('new', 'new')
      const guard = await files.stat(place('host'))
      if (!guard) throw new Error('no stat')
      fs.writeFileSync(join(folder, 'host'), 'edited')
      await expect(files.rename(place('new'), place('host'), { mode: 'replace', guard })).rejects.toEqual(refused('ESTALE'))
      await expect(files.unlink(place('host'), guard)).rejects.toEqual(refused('ESTALE'))
      fs.rmSync(join(folder, 'host'))
      await expect(files.unlink(place('host'), guard)).rejects.toEqual(refused('ESTALE'))
      expect(read('new')).toBe('new')
    })

    test('mode and time, of links without following them', async () => {
      write('file', '')
      fs.symlinkSync('file', join(folder, 'link'))
      fs.mkdirSync(join(folder, 'folder'))
      const mtimeNs = 1_234_567_890_123_456_789n
      for (const path of ['file', 'link', 'folder']) await files.setMeta(place(path), { mode: 0o751, mtimeNs: path === 'link' ? mtimeNs + 1_000_000_000n : mtimeNs })
      const times = await Promise.all(['file', 'link', 'folder'].map(async (path) => (await files.stat(place(path)))?.mtimeNs ?? 0n))
      const precision = files.exact.times ? 1n : 2000n
      expect(times.map((time, index) => { const off = time - (index === 1 ? mtimeNs + 1_000_000_000n : mtimeNs); return off < precision && -off < precision })).toEqual([true, true, true])
      expect((await files.stat(place('file')))?.mode).toBe(0o751)
      await files.setMeta(place('file'), { mtimeNs: -1_500_000_000n })
      expect(fs.lstatSync(join(folder, 'file')).mtimeMs).toBeCloseTo(-1500, 1)
    })

    test('hard links, removal, and what cannot be removed', async () => {
      write('one', 'x')
      await files.link(place('one'), place('two'))
      expect((await files.stat(place('two')))?.nlink).toBe(2)
      await files.unlink(place('one'))
      await files.mkdir(place('full'), 0o755)
      await files.symlink(place('full/link'), 'anywhere')
      await expect(files.rmdir(place('full'))).rejects.toEqual(refused('ENOTEMPTY'))
      await expect(files.unlink(place('full'))).rejects.toThrow()
      await files.unlink(place('full/link'))
      await files.rmdir(place('full'))
      expect(fs.readdirSync(folder)).toEqual(['two'])
    })

    test('many requests at once answer in order', async () => {
      await Promise.all(Array.from({ length: 3000 }, (_, index) => files.mkdir(place(`d${index}`), 0o755)))
      const stats = await Promise.all(Array.from({ length: 3000 }, (_, index) => files.stat(place(`d${index}`))))
      expect(stats.every((stat) => stat?.type === 'directory')).toBe(true)
      expect((await files.list(place(''))).length).toBe(3000)
    })

    test('flushes', async () => {
      write('file', 'x')
      await files.fsync(place('file'))
      await files.fsync(place(''))
      await files.syncfs(place(''))
      await expect(files.fsync(place('nothing'))).rejects.toEqual(refused('ENOENT'))
    })

    test('extended attributes travel with a copy, where they are seen', async () => {
      if (!files.exact.attributes) return
      write('from', 'x')
      if (spawnSync('python3', ['-c', 'import os, sys; os.setxattr(sys.argv[1], "user.note", b"kept")', join(folder, 'from')]).status !== 0) return
      await files.copy(place('from'), place('to'), false)
      fs.symlinkSync('from', join(folder, 'link'))
      expect(await files.attributes(root, ['from', 'to', 'link', 'nothing'])).toEqual(['user.note\0\x04\0\0\0kept', 'user.note\0\x04\0\0\0kept', '', ''])
      const [hashed] = await files.hashes(root, ['to'])
      if (hashed) expect(hashed.attributes).toBe('user.note\0\x04\0\0\0kept')
      write('plain', 'x')
      await files.copyAttributes(place('plain'), place('to'))
      expect(await files.attributes(root, Array.from({ length: 2500 }, () => 'to'))).toEqual(Array.from({ length: 2500 }, () => ''))
    })

    test('hashes what it hashes right, and leaves the rest to the caller', async () => {
      const lengths = [0, 1, 3, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 1000, 4096, 65_535, 1_048_575, 1_048_576, 1_048_577]
      for (const length of lengths) fs.writeFileSync(join(folder, `f${length}`), Buffer.from(Array.from({ length }, (_, index) => (index * 7 + length) % 251)))
      fs.mkdirSync(join(folder, 'folder'))
      fs.symlinkSync('f3', join(folder, 'link'))
      execFileSync('mkfifo', [join(folder, 'pipe')])
      const hashes = await files.hashes(root, [...lengths.map((length) => `f${length}`), 'folder', 'link', 'pipe', 'nothing', '../x', 'link/x'])
      const wanted = lengths.map((length) => createHash('sha256').update(fs.readFileSync(join(folder, `f${length}`))).digest('hex'))
      const isFast = hashes[0] !== null
      expect(hashes).toEqual([...wanted.map((hash, index) => (isFast && (lengths[index] ?? 0) <= 1_048_576 ? { sha256: hash, attributes: '' } : null)), null, null, null, null, null, null])
    })

    test('looks at many as Node does, in the order asked, also with several threads', async () => {
      const names = Array.from({ length: 300 }, (_, index) => `f${index}`)
      for (const [index, name] of names.entries()) fs.writeFileSync(join(folder, name), `content ${index}`, { mode: 0o640 })
      for (const [name, seconds] of [['f0', -86_400.5], ['f1', 4_294_967_296], ['f2', 13_000_000_000]] as const) fs.utimesSync(join(folder, name), seconds, seconds)
      fs.mkdirSync(join(folder, 'folder'), { mode: 0o750 })
      fs.symlinkSync('f3', join(folder, 'link'))
      fs.symlinkSync('.', join(folder, 'way'))
      execFileSync('mkfifo', [join(folder, 'pipe')])
      const others = ['folder', 'link', 'pipe', 'folder/nothing', 'f3/below', '../x', 'way', 'way/f3']
      const looks = await files.looks(root, [...names, ...others])
      expect(looks).toHaveLength(names.length + others.length)
      if (looks.every((found) => found === null)) return
      for (const [index, name] of [...names, ...others.slice(0, 3)].entries()) {
        // A time that no 64 bits of nanoseconds hold is left to the caller.
        if (fs.lstatSync(join(folder, name)).mtimeMs > 9e12) expect(looks[index]).toBeNull()
        else for (const [field, value] of Object.entries(look(join(folder, name)) ?? {})) expect(looks[index]?.seen?.[field as keyof Seen], `${name}: ${field}`).toBe(value)
      }
      const isFast = looks[3]?.content !== null
      for (const [index] of names.entries()) if (isFast && looks[index]) expect(looks[index]?.content?.sha256).toBe(createHash('sha256').update(`content ${index}`).digest('hex'))
      expect(looks.slice(names.length, -2).map((found) => found && [found.seen?.type ?? null, found.content])).toEqual([['directory', null], ['symlink', null], ['fifo', null], [null, null], [null, null], null])
      // Nothing is found through a link.
      expect(looks.at(-1)?.seen ?? null).toBeNull()
    })

    test('a lock is for one', async () => {
      if (!files.exact.anchored) return
      await using other = await open()
      await using same = await other.open(folder)
      await files.lock(root)
      await expect(other.lock(same)).rejects.toMatchObject({ code: expect.stringMatching(/^(EAGAIN|EWOULDBLOCK)$/) })
      await root[Symbol.asyncDispose]()
      await other.lock(same)
    })

    test('paths deeper than the system takes in one call', async () => {
      if (!files.exact.anchored) return
      const names = Array.from({ length: 40 }, () => 'd'.repeat(200))
      for (let depth = 1; depth <= names.length; depth++) await files.mkdir(place(names.slice(0, depth).join('/')), 0o755)
      expect(await files.stat(place(names.join('/')))).toMatchObject({ type: 'directory' })
      for (let depth = names.length; depth > 0; depth--) await files.rmdir(place(names.slice(0, depth).join('/')))
    })
  })
}
