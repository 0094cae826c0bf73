/** A faithful copy of a folder (modes, times, owners, links, holes, attributes; blocks shared where the file system can),
 *  bounded in time and by what is left on the disk, and ended by an abort. */
import { chmod, chown, lstat, mkdir, readdir, statfs, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Problem } from '@nexus/protocol/problem'
import { nodeTime } from '../base/node-time.ts'
import { isInside } from '../base/project.ts'
import { findProgram, runProgram } from './programs.ts'

const TIME_MAX_MS = 15 * 60_000
const FREE_MIN_BYTES = 1024 ** 3
const FREE_CHECK_MS = 500
/** Names per cp, far below the kernel's limit for a command line. */
const NAMES_PER_CALL = 200

export interface TreeCopy {
  readonly from: string
  /** Must not exist yet. */
  readonly to: string
  /** A folder that stays out of the copy, when it lies inside `from`. */
  readonly except: string
  /** Search path for cp. */
  readonly path: string
  /** What cannot be copied stays behind. */
  readonly isRough?: boolean
}

/** What cp complained of, where that may be. Throws Problem `io`, or the reason of the signal. */
export async function copyTree(order: TreeCopy, signal?: AbortSignal): Promise<string | undefined> {
  const limits = new AbortController()
  const time = setTimeout(() => limits.abort(tooMuch(order, `it takes longer than ${TIME_MAX_MS / 60_000} minutes`)), TIME_MAX_MS)
  const disk = setInterval(() => void watchDisk(order, limits), FREE_CHECK_MS)
  try {
    return await copy(order, AbortSignal.any([limits.signal, ...(signal ? [signal] : [])]))
  } finally {
    clearTimeout(time)
    clearInterval(disk)
  }
}

async function copy(order: TreeCopy, signal: AbortSignal): Promise<string | undefined> {
  if (!isInside(order.except, order.from)) return runCp(order, [order.from, order.to], signal)
  // The excepted folder lies inside: its ancestors are made one by one, everything beside them is copied whole.
  await mkdir(order.to)
  const names = (await readdir(order.from)).filter((name) => join(order.from, name) !== order.except)
  const ancestor = names.find((name) => isInside(order.except, join(order.from, name)))
  if (ancestor !== undefined) await copy({ ...order, from: join(order.from, ancestor), to: join(order.to, ancestor) }, signal)
  const whole = names.filter((name) => name !== ancestor).map((name) => join(order.from, name))
  for (let at = 0; at < whole.length; at += NAMES_PER_CALL) await runCp(order, [...whole.slice(at, at + NAMES_PER_CALL), `${order.to}/`], signal)
  await resemble(order.from, order.to)
  return undefined
}

/** Gives a folder the mode, owner and times of another. */
export async function resemble(from: string, to: string): Promise<void> {
  const model = await lstat(from)
  if (process.geteuid?.() === 0) await chown(to, model.uid, model.gid)
  await chmod(to, model.mode & 0o7777)
  await utimes(to, nodeTime(model.atimeMs), nodeTime(model.mtimeMs))
}

async function runCp(order: TreeCopy, args: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  const cp = findProgram('cp', order.path)
  if (!cp) throw new Problem('io', { what: `the copy of ${order.from}`, cause: 'there is no cp', fix: 'install coreutils' })
  const { exitCode, errorText } = await runProgram(cp, ['-a', '--reflink=auto', ...args], signal)
  if (exitCode === 0) return undefined
  const cause = errorText || `cp ended with ${exitCode}`
  if (order.isRough) return cause
  throw new Problem('io', { what: `the copy of ${order.from}`, cause, fix: 'make those files readable, or use the overlay back end' })
}

async function watchDisk(order: TreeCopy, limits: AbortController): Promise<void> {
  const disk = await statfs(dirname(order.to)).catch(() => undefined) // gone: the copy itself will say so
  if (disk && disk.bavail * disk.bsize < FREE_MIN_BYTES) limits.abort(tooMuch(order, 'less than 1 GiB is left on the disk'))
}

function tooMuch({ from }: TreeCopy, cause: string): Problem {
  return new Problem('io', { what: `the copy of ${from} was given up`, cause, fix: 'use the overlay back end, or a smaller project' })
}
