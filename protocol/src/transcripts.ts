/** Transcripts: what an agent of others said and did in a run, in one form for all of them, and what it says it spent. */
import { z } from 'zod'
import { namedRun } from './named-run.ts'
import { procedure, router } from './trpc.ts'

/** By the agent's own count; what it does not write down is absent. */
export const spentSchema = z.object({
  /** Answers of the model. */
  turns: z.number().optional(),
  /** Everything that was sent, what came from a cache included. */
  inputTokens: z.number().optional(),
  cachedTokens: z.number().optional(),
  /** Everything that was answered, thoughts included. */
  outputTokens: z.number().optional(),
  costUsd: z.number().optional(),
})
export type Spent = z.infer<typeof spentSchema>

export const agentWorkSchema = z.object({
  name: z.string(),
  spent: spentSchema.optional(),
  transcript: z.object({
    entries: z.number(),
    bytes: z.number(),
    /** It was longer than what is kept: the end is missing. */
    cut: z.literal(true).optional(),
    /** The same agent worked in this project at the same time: some of it may be the other's. */
    mixed: z.literal(true).optional(),
    /** So many secrets were taken out of it before it was stored. */
    redacted: z.number().optional(),
  }).optional(),
  /** Why there is neither, in words. */
  unknown: z.string().optional(),
})
export type AgentWork = z.infer<typeof agentWorkSchema>

export const entrySchema = z.object({
  /** asked: by the person; said, thought: by the model; called: a tool, with what it was given; answered: what the tool gave back; noted: by the agent itself. */
  kind: z.enum(['asked', 'said', 'thought', 'called', 'answered', 'noted']),
  at: z.number().optional(),
  tool: z.string().optional(),
  failed: z.literal(true).optional(),
  text: z.string(),
  /** So many characters of the text are left out. */
  leftOut: z.number().optional(),
})
export type Entry = z.infer<typeof entrySchema>

const transcriptRequestSchema = namedRun.extend({ after: z.number().int().min(0).default(0), limit: z.number().int().min(1).max(20_000).default(500) })
export type TranscriptRequest = z.infer<typeof transcriptRequestSchema>

export const transcriptSchema = z.object({
  run: z.string(), agent: agentWorkSchema, entries: z.array(entrySchema),
  /** There is more: the `after` to go on with. */
  next: z.number().optional(),
})
export type Transcript = z.infer<typeof transcriptSchema>

export interface TranscriptsService {
  /** Throws Problem `no-transcript`. */
  transcript(request: TranscriptRequest): Promise<Transcript>
}

export const transcriptsRouter = router({
  read: procedure.input(transcriptRequestSchema).output(transcriptSchema).query(({ ctx, input }) => ctx.runs.transcript(input)),
})
