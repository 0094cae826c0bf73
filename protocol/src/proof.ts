/** What a tree on the host is, in one number. The client makes it; see its `proof.ts`. */
import { z } from 'zod'

export const proofSchema = z.object({
  project: z.string(),
  /** sha256 of what `nexus proof --list` prints. */
  digest: z.string(),
  /** Files, folders, links and the rest, the project itself among them. */
  entries: z.number(),
  bytes: z.number(),
  /** Of these only the outside was seen: they may not be read, or are another file system. */
  unread: z.number(),
  durationMs: z.number(),
})
export type Proof = z.infer<typeof proofSchema>
