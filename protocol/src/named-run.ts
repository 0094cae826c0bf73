/** How a caller names a run. */
import { z } from 'zod'

/** `run`: id, unambiguous prefix of at least 4 characters, or `last` (newest run of `project`). */
export const namedRun = z.object({ run: z.string().min(1), project: z.string().optional(), cwd: z.string().optional() })
export type NamedRun = z.infer<typeof namedRun>
