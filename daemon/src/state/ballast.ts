/**
 * Ballast: a file that holds a little of the disk. When the disk is full it is let go, so that what happened can still be
 * recorded; from then on nothing new is begun until there is space to take it on board again.
 */
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Problem } from '@nexus/protocol/problem'
import { bytes } from '@nexus/protocol/words'

const CHUNK_BYTES = 1024 * 1024
/** A record holds up to 2 MiB of output, and SQLite writes it to its log first. */
const CHUNKS = 8
/** Taking it on board again must not fill the disk anew. */
const ROOM_BYTES = 4 * CHUNKS * CHUNK_BYTES

export interface Disk {
  readonly freeBytes: number
  /** The ballast is gone: only what is under way is recorded. */
  readonly full: boolean
}

export class Ballast {
  readonly #folder: string
  readonly #path: string
  #isOnBoard: boolean

  constructor(folder: string) {
    this.#folder = folder
    this.#path = join(folder, 'ballast')
    this.#isOnBoard = existsSync(this.#path)
  }

  /** False: there was none left, so trying again is of no use. */
  release(): boolean {
    if (!this.#isOnBoard) return false
    rmSync(this.#path, { force: true })
    this.#isOnBoard = false
    return true
  }

  get isReleased(): boolean {
    return !this.#isOnBoard
  }

  get disk(): Disk {
    this.takeOnBoard()
    return { freeBytes: this.#freeBytes(), full: !this.#isOnBoard }
  }

  /** Throws Problem `disk-full`. */
  requireSpace(): void {
    const { full, freeBytes } = this.disk
    if (full) throw this.#problem(freeBytes)
  }

  /** Work that may meet a full disk: once more when letting go of the ballast made room. Throws Problem `disk-full`. */
  relieved<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      if (!isDiskFull(error)) throw error
      if (!this.release()) throw this.#problem(this.#freeBytes(), error)
    }
    try {
      return work()
    } catch (error) {
      throw isDiskFull(error) ? this.#problem(this.#freeBytes(), error) : error
    }
  }

  #problem(freeBytes: number, cause?: unknown): Problem {
    return new Problem('disk-full', { folder: this.#folder, free: bytes(freeBytes) }, { cause })
  }

  /** Only by the daemon that owns the folder: two at once would take it from each other. */
  takeOnBoard(): void {
    if (this.#isOnBoard || this.#freeBytes() < ROOM_BYTES) return
    const partial = `${this.#path}.partial`
    try {
      const descriptor = openSync(partial, 'w', 0o600)
      try {
        // Random: zeros would weigh nothing on a file system that compresses.
        for (let chunk = 0; chunk < CHUNKS; chunk += 1) writeWhole(descriptor, randomBytes(CHUNK_BYTES))
        fsyncSync(descriptor)
      } finally {
        closeSync(descriptor)
      }
      renameSync(partial, this.#path)
      this.#isOnBoard = true
    } catch (error) {
      rmSync(partial, { force: true })
      // A quota may refuse what the file system has room for.
      if (!isDiskFull(error)) throw error
    }
  }

  #freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.#folder)
    return bavail * bsize
  }
}

const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE'])

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && FULL.has(error.code)
}

function writeWhole(descriptor: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written)
}
