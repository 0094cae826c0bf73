/** Reads trees of files by path: names of any bytes, and paths deeper than the system takes in one call. */
import fs from 'node:fs'
import { fsPath } from './byte-path.ts'
import { codeOf } from './code-of.ts'

/** Beyond this a path continues from an open directory. */
const PATH_MAX = 3000
const NAME_MAX = 255

/** Is every name in that folder reached by its path alone? */
export function isNear(root: string, folder: string): boolean {
  return root.length + 1 + folder.length + 1 + NAME_MAX < PATH_MAX
}

export class Tree implements Disposable {
  readonly #descriptors: number[] = []

  /** The usable path of a name in a directory. */
  child(folder: string, name: string): string {
    const path = `${folder}/${name}`
    if (path.length <= PATH_MAX) return path
    const descriptor = fs.openSync(fsPath(folder), fs.constants.O_RDONLY | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW)
    this.#descriptors.push(descriptor)
    return `/proc/self/fd/${descriptor}/${name}`
  }

  /** The usable path of a relative path. */
  at(root: string, path: string): string {
    if (path === '') return root
    if (root.length + path.length < PATH_MAX) return `${root}/${path}`
    return path.split('/').reduce((folder, name) => this.child(folder, name), root)
  }

  /** Null when the directory may not be read. */
  names(folder: string): string[] | null {
    try {
      return fs.readdirSync(fsPath(folder), { encoding: 'latin1' })
    } catch (error) {
      if (codeOf(error) === 'EACCES') return null
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return []
      throw error
    }
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.#descriptors.splice(0)) fs.closeSync(descriptor)
  }
}
