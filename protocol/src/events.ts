/**
 * The log: everything that happened, once, in order. A client resumes by sequence number.
 */
import { tracked } from '@trpc/server'
import { z } from 'zod'
import { procedure, router } from './trpc.ts'

/** `type` is noun + past verb (`run.applied`); `subject` is the id of what it happened to. */
export const eventSchema = z.object({
  seq: z.number().int(),
  at: z.number().int(),
  type: z.string(),
  actor: z.string(),
  subject: z.string(),
  /** Hex sha256 of salt and canonical payload; stays when retention deletes the payload. */
  payloadHash: z.string(),
  /** Hex; see CHAIN in state/chain.ts. */
  hash: z.string(),
  payload: z.unknown().optional(),
})
export type Event = z.infer<typeof eventSchema>

export interface EventsService {
  /** Events after `seq`, oldest first. */
  after(seq: number, limit: number): Event[]
  /** The same, then live ones as they are committed, until the signal aborts. */
  follow(seq: number, signal: AbortSignal | undefined): AsyncIterable<Event>
  /** The same for a screen: everything new at once, a hundred times a second at most, however busy the log is. Never empty. */
  batches(seq: number, signal: AbortSignal | undefined): AsyncIterable<readonly Event[]>
  /** The newest sequence number, 0 for an empty log. */
  head(): number
}

const followRequestSchema = z.object({ after: z.number().int().min(0).optional(), lastEventId: z.string().regex(/^\d{1,15}$/, 'is no number of an event').optional() }).optional()

/** A client that reconnects sends the last id it saw; it outranks where the subscription first began. */
function beginOf(input: z.infer<typeof followRequestSchema>, events: EventsService): number {
  return Number(input?.lastEventId ?? input?.after ?? events.head())
}

export const eventsRouter = router({
  list: procedure.input(z.object({ after: z.number().int().min(0).default(0), limit: z.number().int().min(1).max(10_000).default(1000) }))
    .query(({ ctx, input }) => ({ events: ctx.events.after(input.after, input.limit), head: ctx.events.head() })),
  follow: procedure.input(followRequestSchema).subscription(async function* ({ ctx, input, signal }) {
    for await (const event of ctx.events.follow(beginOf(input, ctx.events), signal)) yield tracked(String(event.seq), event)
  }),
  batches: procedure.input(followRequestSchema).subscription(async function* ({ ctx, input, signal }) {
    for await (const events of ctx.events.batches(beginOf(input, ctx.events), signal)) yield tracked(String(events.at(-1)?.seq), events)
  }),
})
