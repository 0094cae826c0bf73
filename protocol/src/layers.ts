/**
 * Layers: the trees that runs make by standing on one another, as a picture.
 */
import { z } from 'zod'
import { runSummarySchema } from './runs.ts'
import { procedure, router } from './trpc.ts'

export const layerSchema = runSummarySchema.pick({ id: true, command: true, status: true, endReason: true, exitCode: true, signal: true, createdAt: true, counts: true, digest: true, backend: true }).extend({
  /** The layer that it stands on; absent: the host. */
  parent: z.string().optional(),
  /** 0 stands on the host. */
  depth: z.number(),
  /** On the disk; null when it was not asked for, or the layer is gone. */
  bytes: z.number().nullable(),
  /** All of it is on the host. */
  isApplied: z.boolean(),
  /** What a person may do with it next, as a command line. */
  next: z.string().optional(),
})
export type LayerNode = z.infer<typeof layerSchema>

const layersRequestSchema = z.object({
  /** Only the tree that holds this run. */
  run: z.string().optional(),
  project: z.string().optional(), cwd: z.string().optional(),
  /** Also what stands alone and is decided. */
  all: z.boolean().default(false),
  sizes: z.boolean().default(true),
})
export type LayersRequest = z.infer<typeof layersRequestSchema>

/** In the order of a drawing: each layer before what stands on it. */
export const layersSchema = z.object({ project: z.string(), layers: z.array(layerSchema) })
export type Layers = z.infer<typeof layersSchema>

export interface LayersService {
  list(request: LayersRequest): Promise<Layers>
}

export const layersRouter = router({
  list: procedure.input(layersRequestSchema).output(layersSchema).query(({ ctx, input }) => ctx.layers.list(input)),
})
