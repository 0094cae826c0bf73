/** What went wrong between client and daemon, as a Problem that a person can act on. */
import { Problem, PROBLEMS, type ProblemShape } from '@nexus/protocol/problem'

/** Nobody listens at the socket, or nobody could: why the place is no good is told when a daemon is started there. */
export function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ECONNREFUSED', 'ENOTDIR', 'EACCES'].includes(codeOf(error) ?? '')
}

/** A problem as it came over the wire. A newer daemon may know codes that we do not. */
export function problemFrom(shape: ProblemShape): Problem {
  return Object.assign(new Problem(shape.code in PROBLEMS ? shape.code : 'bug'), { message: shape.message, next: shape.next })
}

/** Problems stay as they are; an error of the socket becomes one. */
export function unreachable(error: unknown): Problem {
  if (error instanceof Problem) return error
  const cause = codeOf(error) === 'ECONNRESET' ? 'it closed the connection' : error instanceof Error ? error.message : String(error)
  return new Problem('daemon-unreachable', { cause }, { cause: error })
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code
}
