/** What random programs do to a tree. Paths are picked by number among those that exist, so any list of operations is valid. */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'

export type Operation =
  | { readonly do: 'write'; readonly folder: number; readonly name: string; readonly data: string; readonly mode: number }
  | { readonly do: 'append'; readonly file: number; readonly data: string }
  | { readonly do: 'open'; readonly file: number }
  | { readonly do: 'truncate'; readonly file: number; readonly size: number }
  | { readonly do: 'chmod'; readonly path: number; readonly mode: number }
  | { readonly do: 'utimes'; readonly path: number; readonly seconds: number }
  | { readonly do: 'mkdir'; readonly folder: number; readonly name: string }
  | { readonly do: 'symlink'; readonly folder: number; readonly name: string; readonly target: string }
  | { readonly do: 'link'; readonly file: number; readonly folder: number; readonly name: string }
  | { readonly do: 'rename'; readonly path: number; readonly folder: number; readonly name: string }
  | { readonly do: 'remove'; readonly path: number }
  | { readonly do: 'sparse'; readonly folder: number; readonly name: string; readonly at: readonly number[] }
  | { readonly do: 'attribute'; readonly path: number; readonly name: string; readonly value: string | null }
  | { readonly do: 'fifo'; readonly folder: number; readonly name: string }
  | { readonly do: 'become'; readonly path: number; readonly what: 'file' | 'directory' | 'symlink' }

/** Carries them out below a root. What the file system refuses (a directory into itself, a name taken) is skipped. */
export function perform(root: string, operations: readonly Operation[]): void {
  for (const operation of operations) {
    try {
      carryOut(root, operation)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
    }
  }
}

function carryOut(root: string, operation: Operation): void {
  const paths = pathsBelow(Buffer.from(root))
  const folders = [Buffer.from(root), ...paths.filter((path) => fs.lstatSync(path).isDirectory())]
  const files = paths.filter((path) => fs.lstatSync(path).isFile())
  const pick = (from: Buffer[], number: number) => from[number % from.length] ?? Buffer.from(`${root}/nothing`)
  const child = (number: number, name: string) => Buffer.concat([pick(folders, number), Buffer.from('/'), Buffer.from(name, 'latin1')])
  switch (operation.do) {
    case 'write':
      return write(child(operation.folder, operation.name), operation.data, operation.mode)
    case 'append':
      return fs.appendFileSync(pick(files, operation.file), operation.data)
    case 'open':
      return fs.closeSync(fs.openSync(pick(files, operation.file), 'r+'))
    case 'truncate':
      return fs.truncateSync(pick(files, operation.file), operation.size)
    case 'chmod': {
      const path = pick(paths, operation.path)
      const stat = fs.lstatSync(path)
      if (stat.isSymbolicLink()) return
      return fs.chmodSync(path, stat.isDirectory() ? operation.mode | 0o700 : operation.mode)
    }
    case 'utimes':
      return fs.lutimesSync(pick(paths, operation.path), operation.seconds, operation.seconds + 0.123456)
    case 'mkdir':
      return fs.mkdirSync(child(operation.folder, operation.name))
    case 'symlink':
      return fs.symlinkSync(operation.target, child(operation.folder, operation.name))
    case 'link':
      return fs.linkSync(pick(files, operation.file), child(operation.folder, operation.name))
    case 'rename':
      return fs.renameSync(pick(paths, operation.path), child(operation.folder, operation.name))
    case 'remove':
      return fs.rmSync(pick(paths, operation.path), { recursive: true })
    case 'sparse':
      return sparse(child(operation.folder, operation.name), operation.at)
    case 'attribute':
      return attribute(pick([...files, ...folders.slice(1)], operation.path), operation.name, operation.value)
    case 'fifo':
      return through(pick(folders, operation.folder), (folder) => execFileSync('mkfifo', ['-m', '600', operation.name], { cwd: folder, stdio: 'ignore' }))
    case 'become': {
      const path = pick(paths, operation.path)
      fs.rmSync(path, { recursive: true })
      if (operation.what === 'file') return fs.writeFileSync(path, 'it became a file\n')
      if (operation.what === 'symlink') return fs.symlinkSync('elsewhere', path)
      fs.mkdirSync(path)
      return fs.writeFileSync(Buffer.concat([path, Buffer.from('/inside')]), 'it became a directory\n')
    }
  }
}

/** Never through a link: these operations also run on the host, as root, and a link may lead anywhere. */
function write(path: Buffer, data: string, mode: number): void {
  const file = fs.openSync(path, fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_TRUNC | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK, 0o666)
  try {
    fs.writeSync(file, data)
    fs.fchmodSync(file, mode)
  } finally {
    fs.closeSync(file)
  }
}

/** Bytes with holes between them. */
function sparse(path: Buffer, at: readonly number[]): void {
  const { O_WRONLY, O_CREAT, O_EXCL } = fs.constants
  const file = fs.openSync(path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
  try {
    for (const position of at) fs.writeSync(file, 'x', position)
    fs.ftruncateSync(file, Math.max(0, ...at) + 4096)
  } finally {
    fs.closeSync(file)
  }
}

/** Sets one, or takes it away. Where setfattr is not installed nothing happens. */
function attribute(path: Buffer, name: string, value: string | null): void {
  through(path, (open) => execFileSync('setfattr', value === null ? ['-x', name, open] : ['-n', name, '-v', value, open], { stdio: 'ignore' }))
}

/** Programs take no names that are not UTF-8, and follow links: they get what was opened here. */
function through(path: Buffer, work: (open: string) => void): void {
  const file = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK)
  try {
    work(`/proc/${process.pid}/fd/${file}`)
  } catch (error) {
    // What the program says no to is skipped like what the file system says no to.
    if (!(error instanceof Error && 'status' in error)) throw error
  } finally {
    fs.closeSync(file)
  }
}

function pathsBelow(folder: Buffer): Buffer[] {
  return fs.readdirSync(folder, { encoding: 'buffer' }).sort(Buffer.compare).flatMap((name) => {
    const path = Buffer.concat([folder, Buffer.from('/'), name])
    return fs.lstatSync(path).isDirectory() ? [path, ...pathsBelow(path)] : [path]
  })
}
