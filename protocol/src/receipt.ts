/** What a kill came to: the runs that it ended, and what Nexus has written to the host since the first of them began. */
import { z } from 'zod'
import { bytesSchema } from './changes.ts'

const endedSchema = z.object({
  id: z.string(),
  project: z.string(),
  command: z.array(z.string()),
  /** Null: it had not begun. */
  startedAt: z.number().nullable(),
  /** What of it was ended. `queued`: it never ran. `check`: the command itself had ended by then. */
  was: z.enum(['running', 'queued', 'check']),
  /** What it could reach meanwhile: what it sent there no receipt knows. */
  reach: z.union([z.literal('off'), z.literal('on'), z.array(z.string())]),
  /** Its processes were told to end and have not all ended yet. */
  isEnding: z.literal(true).optional(),
  /** Processes that wait inside the kernel and cannot be ended. */
  stuck: z.array(z.string()).optional(),
})
export type EndedRun = z.infer<typeof endedSchema>

/** One apply or rollback that wrote to the host. */
const writtenSchema = z.object({
  run: z.string(),
  project: z.string(),
  direction: z.enum(['apply', 'rollback']),
  /** When it ended, else when it began. */
  writtenAt: z.number(),
  /** `undone`: the host is as it was before. `under-way`: it comes to its end. `stuck`: some of it is written, and neither way is open. */
  end: z.enum(['done', 'undone', 'under-way', 'stuck']),
  /** Null where the journal is past its time, or not written yet. */
  paths: z.array(bytesSchema).nullable(),
})
export type Written = z.infer<typeof writtenSchema>

export const receiptSchema = z.object({
  endedAt: z.number(),
  /** When the first of the runs began; null when nothing was ended. */
  sinceAt: z.number().nullable(),
  runs: z.array(endedSchema),
  /** By any apply or rollback of this Nexus since then, oldest first. Its own folder is not the host. */
  written: z.array(writtenSchema),
})
export type Receipt = z.infer<typeof receiptSchema>
