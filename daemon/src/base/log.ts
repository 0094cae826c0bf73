/** The daemon's own diary (pino, JSON lines, 0600). What happened to runs is in the event log, not here. */
import { renameSync, statSync } from 'node:fs'
import pino, { type Logger } from 'pino'

export type Log = Logger

const ROTATE_AT_BYTES = 10 * 1024 * 1024

/** Appends to `path`; a file over 10 MiB is set aside as `path.1` at start. */
export function openLog(path: string, level: string): Log {
  rotate(path)
  const destination = pino.destination({ dest: path, mode: 0o600, sync: true, mkdir: true })
  // A full disk: the daemon goes on without its diary.
  destination.on('error', () => {})
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.epochTime }, destination)
}

function rotate(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size > ROTATE_AT_BYTES) renameSync(path, `${path}.1`)
}
