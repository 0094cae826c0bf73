/** The verdict on a run. */
import { z } from 'zod'
import { levelSchema } from './safety.ts'

/** What the command would do by its text, raised by what it was seen to do. */
export const verdictSchema = z.object({
  level: levelSchema,
  /** In words, the deciding ones first; what was seen before what was read. */
  reasons: z.array(z.string()),
  /** By its text alone, where what was seen raised it. */
  before: levelSchema.optional(),
  /** What of it leaves the layer, and is not taken back by a rollback: a person is asked before it runs. */
  leaves: z.array(z.string()).optional(),
  /** An apply needs the word of a person that they know what it is. */
  confirm: z.literal(true).optional(),
})
export type RunVerdict = z.infer<typeof verdictSchema>
