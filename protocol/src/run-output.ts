/** What a run prints, and how far an apply is: hints to look at while it lasts, not records. */
import { z } from 'zod'
import { namedRun } from './named-run.ts'
import { runStatusSchema } from './run-words.ts'

/** A piece of output in the order the daemon saw it; `at` is the byte position after it in the combined stream. */
export const outputSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('output'), stream: z.enum(['stdout', 'stderr']), base64: z.string(), at: z.number() }),
  /** The middle of a very long output is stored nowhere: so many bytes are missing here. */
  z.object({ type: z.literal('gap'), bytes: z.number(), at: z.number() }),
  z.object({ type: z.literal('end'), status: runStatusSchema }),
])
export type Output = z.infer<typeof outputSchema>

/** How far an apply or a rollback is: `saving` pre-images, `staging` new contents, `changing` the host. */
export const progressSchema = z.object({ phase: z.enum(['saving', 'staging', 'changing']), done: z.number(), total: z.number() })
export type Progress = z.infer<typeof progressSchema>

/**
 * `limit` ends the subscription after about as many bytes: a client that cannot be slowed down otherwise (a WebSocket has
 * no back pressure) asks for the next stretch when it has shown the last. `setsPace`: the command waits for this reader as it
 * would for a pipe, and nothing is left out for it.
 */
export const outputRequestSchema = namedRun.extend({
  after: z.number().int().min(0).default(0),
  /** Only the last so many bytes of what a running run has printed so far, and what follows. */
  tailBytes: z.number().int().positive().optional(),
  /** False: ends with what was printed by now. */
  follow: z.boolean().default(true),
  limit: z.number().int().positive().default(Number.MAX_SAFE_INTEGER), setsPace: z.boolean().default(false),
})
