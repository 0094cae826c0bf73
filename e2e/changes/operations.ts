/** What random programs do to a tree. Paths are picked by number among those that exist, so any list of operations is valid. */
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

function pathsBelow(folder: Buffer): Buffer[] {
  return fs.readdirSync(folder, { encoding: 'buffer' }).sort(Buffer.compare).flatMap((name) => {
    const path = Buffer.concat([folder, Buffer.from('/'), name])
    return fs.lstatSync(path).isDirectory() ? [path, ...pathsBelow(path)] : [path]
  })
}
