/**
 * Folders of a layer as a run may leave them: closed to their owner (mode 000, 0111, 0444). They belong to the layer, so
 * they are opened while somebody looks and closed again afterwards; a folder of the host never is. What is open stands
 * in a file beside the layer, so that a daemon that dies meanwhile leaves no wrong mode behind.
 */
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import { fsPath, type BytePath } from './byte-path.ts'
import type { Seen } from '../base/files.ts'
import { look } from './seen.ts'
import { Tree } from './tree.ts'

/** The room has one: several may look at the same layer at once. */
export class Doors {
  /** By device and inode. */
  readonly #open = new Map<string, { readonly door: Door; readonly mode: number; visitors: number }>()
  readonly #own: number

  constructor(own = process.geteuid?.() ?? 0) {
    this.#own = own
  }

  /** Root needs no door opened. Closes what an earlier daemon left open. */
  visit(uppers: readonly string[]): Visit {
    for (const upper of uppers) if (!this.#isOpenBelow(upper)) closeLeftOpen(upper)
    return new Visit(this)
  }

  /** With the mode that the run left, also while the folder is open. */
  look(real: string): Seen | null {
    const seen = look(real)
    const opened = this.#open.size > 0 && seen?.type === 'directory' ? this.#open.get(keyOf(seen)) : undefined
    return seen && opened ? { ...seen, mode: opened.mode } : seen
  }

  /** The key of the door when it was closed, and has to be closed again. */
  open(door: Door, real: string): string | null {
    const seen = this.#own === 0 ? null : this.look(real)
    if (seen?.type !== 'directory' || seen.uid !== this.#own || (seen.mode & ENTERED) === ENTERED) return null
    const key = keyOf(seen)
    const known = this.#open.get(key)
    if (known) {
      known.visitors += 1
      return key
    }
    fs.appendFileSync(listOf(door.upper), `${JSON.stringify([door.path, seen.mode])}\n`)
    fs.chmodSync(fsPath(real), seen.mode | 0o700)
    this.#open.set(key, { door, mode: seen.mode, visitors: 1 })
    return key
  }

  close(key: string): void {
    const opened = this.#open.get(key)
    if (!opened || (opened.visitors -= 1) > 0) return
    this.#open.delete(key)
    const { door: { upper, path }, mode } = opened
    shut(upper, path, mode)
    if (!this.#isOpenBelow(upper)) fs.rmSync(listOf(upper), { force: true })
  }

  #isOpenBelow(upper: string): boolean {
    return [...this.#open.values()].some(({ door }) => door.upper === upper)
  }
}

/** One view's look at some layers. */
export class Visit implements Disposable {
  readonly #doors: Doors
  readonly #entered = new Set<string>()
  readonly #opened: string[] = []

  constructor(doors: Doors) {
    this.#doors = doors
  }

  look(real: string): Seen | null {
    return this.#doors.look(real)
  }

  /** Call it from the top: what lies behind a closed door is not found. */
  enter(door: Door, real: string): void {
    if (this.#entered.has(real)) return
    this.#entered.add(real)
    const key = this.#doors.open(door, real)
    if (key !== null) this.#opened.push(key)
  }

  /** The deepest first: once the one above is closed, nobody gets there. */
  [Symbol.dispose](): void {
    for (const key of this.#opened.splice(0).reverse()) this.#doors.close(key)
  }
}

interface Door {
  readonly upper: string
  /** Below the upper. */
  readonly path: BytePath
}

/** Listing needs the one bit, going through the other. */
const ENTERED = 0o500

function listOf(upper: string): string {
  return join(dirname(upper), 'doors')
}

function keyOf({ dev, ino }: Seen): string {
  return `${dev}:${ino}`
}

function shut(upper: string, path: BytePath, mode: number): void {
  using tree = new Tree()
  try {
    fs.chmodSync(fsPath(tree.at(upper, path)), mode)
  } catch (error) {
    // The layer was thrown away meanwhile.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}

function closeLeftOpen(upper: string): void {
  const list = listOf(upper)
  if (!fs.existsSync(list)) return
  // The last line may be cut off; its folder was not opened then.
  const lines = fs.readFileSync(list, 'utf8').split('\n').slice(0, -1).reverse()
  for (const line of lines) {
    const [path, mode] = JSON.parse(line) as [BytePath, number]
    shut(upper, path, mode)
  }
  fs.rmSync(list)
}
