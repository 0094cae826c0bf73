/** The one tRPC instance, the context of every call, and how a Problem looks on the wire. */
import { initTRPC, TRPCError } from '@trpc/server'
import type { AccessService } from './access.ts'
import type { AgentsService } from './agents.ts'
import type { EventsService } from './events.ts'
import type { LayersService } from './layers.ts'
import { EXIT } from './exit-code.ts'
import { exitCodeOf, Problem, type ProblemShape } from './problem.ts'
import type { RunsService } from './runs.ts'
import type { SafetyService } from './safety.ts'
import type { SecretsService } from './secrets.ts'
import type { SettingsService } from './settings.ts'
import type { SystemService } from './system.ts'
import type { VerifyService } from './verify.ts'

/** Who calls: the person at a socket trusted by file mode, or a browser that holds the secret. */
export interface Actor {
  readonly kind: 'person'
  readonly via: 'socket' | 'tcp'
}

export interface Context {
  readonly actor: Actor
  readonly runs: RunsService
  readonly layers: LayersService
  readonly events: EventsService
  readonly system: SystemService
  readonly settings: SettingsService
  readonly access: AccessService
  readonly verify: VerifyService
  readonly safety: SafetyService
  readonly secrets: SecretsService
  readonly agents: AgentsService
}

const t = initTRPC.context<Context>().create({
  errorFormatter({ shape, error }): typeof shape & { data: { problem: ProblemShape } } {
    return { ...shape, data: { ...shape.data, stack: undefined, problem: problemOf(error) } }
  },
})

export const router = t.router

/** What a caller may mend is no failure of the server: over HTTP a Problem is a 4xx, in the browser's console and in a proxy's log as well. */
export const procedure = t.procedure.use(async ({ next }) => {
  const result = await next()
  const problem = result.ok ? undefined : result.error.cause
  if (problem instanceof Problem) throw new TRPCError({ code: STATUS[exitCodeOf(problem.code)] ?? 'INTERNAL_SERVER_ERROR', message: problem.message, cause: problem })
  return result
})

const STATUS: Readonly<Record<number, TRPCError['code']>> = {
  [EXIT.usage]: 'BAD_REQUEST', [EXIT.conflict]: 'CONFLICT', [EXIT.waiting]: 'PRECONDITION_FAILED', [EXIT.refused]: 'PRECONDITION_FAILED', [EXIT.notFound]: 'NOT_FOUND',
}

/** zod's refusals are usage errors; everything unknown is a bug that the server has logged. */
function problemOf(error: TRPCError): ProblemShape {
  if (error.cause instanceof Problem) return error.cause.shape
  if (error.code === 'BAD_REQUEST' || error.code === 'PARSE_ERROR') return new Problem('bad-request', { what: flatten(error) }).shape
  if (error.code === 'UNAUTHORIZED' || error.code === 'FORBIDDEN') return new Problem('access-denied', { cause: error.message }).shape
  if (error.code === 'NOT_FOUND') return new Problem('bad-request', { what: error.message }).shape
  return new Problem('bug', { cause: error.message }).shape
}

function flatten(error: TRPCError): string {
  const issues: unknown = error.cause && 'issues' in error.cause ? error.cause.issues : undefined
  if (!Array.isArray(issues)) return error.message
  return issues.map((issue: { path: PropertyKey[]; message: string }) => `${issue.path.join('.') || 'value'}: ${issue.message}`).join('; ')
}
