/**
 * Memory that is in no process's own figures: files below /dev/shm, files without a name, what processes share. Looked for only when
 * the whole machine has so much more of it than when the run began that it could matter: every descriptor must be looked at.
 */
import fs from 'node:fs'

const BLOCK_BYTES = 512

export class SharedMemory {
  readonly #before = machineBytes()

  /** Of these processes; 0 as long as it cannot be more than `enough`. */
  bytesOf(pids: readonly number[], enough: number): number {
    if (machineBytes() - this.#before <= enough) return 0
    const unnamed = new Map(pids.flatMap(unnamedFiles))
    const held = Math.max(0, ...pids.map(folderBytes)) + [...unnamed.values()].reduce((sum, bytes) => sum + bytes, 0)
    // Segments of System V are in no file: the process that maps most of them stands for all.
    return Math.max(held, ...pids.map((pid) => kibibytes(`/proc/${pid}/status`, /^RssShmem:\s+(\d+) kB$/m)))
  }
}

function machineBytes(): number {
  return kibibytes('/proc/meminfo', /^Shmem:\s+(\d+) kB$/m)
}

/** Each once, however many hold it. */
function unnamedFiles(pid: number): [string, number][] {
  return attempt(() => fs.readdirSync(`/proc/${pid}/fd`), []).flatMap((number): [string, number][] => attempt(() => {
    const path = `/proc/${pid}/fd/${number}`
    if (!fs.readlinkSync(path).startsWith('/memfd:')) return []
    const { dev, ino, blocks } = fs.statSync(path)
    return [[`${dev}:${ino}`, blocks * BLOCK_BYTES]]
  }, []))
}

/** What the run's own /dev/shm holds; one that is the host's still, since the sandbox is being built, is not the run's. */
function folderBytes(pid: number): number {
  return attempt(() => {
    const folder = `/proc/${pid}/root/dev/shm`
    if (fs.statSync(folder).dev === fs.statSync('/dev/shm', { throwIfNoEntry: false })?.dev) return 0
    const { blocks, bfree, bsize } = fs.statfsSync(folder)
    return (blocks - bfree) * bsize
  }, 0)
}

function kibibytes(file: string, line: RegExp): number {
  return attempt(() => Number(line.exec(fs.readFileSync(file, 'latin1'))?.[1] ?? 0) * 1024, 0)
}

function attempt<Value>(look: () => Value, otherwise: Value): Value {
  try { return look() } catch { return otherwise } // it has just ended, or does not let itself be looked at
}
