/** Exit codes of the command line that are not the command's own (documented in README). */
export const EXIT = {
  ok: 0,
  usage: 2,
  conflict: 3,
  waiting: 4,
  checkFailed: 5,
  noModel: 78,
  timedOut: 124,
  failed: 125,
  refused: 126,
  notFound: 127,
  interrupted: 130,
} as const

/** 128 + n for a command that a signal ended, as every shell reports it. */
export function exitCodeOfSignal(signalNumber: number): number {
  return 128 + signalNumber
}
