/** Ports of a run that programs of this machine reach at 127.0.0.1, because somebody has published them. */
import { z } from 'zod'

const numberSchema = z.number().int().min(1).max(65_535)

/** `host`: of 127.0.0.1 here; `inside`: of the run's own lo. */
export const portSchema = z.object({ host: numberSchema, inside: numberSchema })
export type Port = z.infer<typeof portSchema>

/** `host` 0: any that is free. */
export const askedPortsSchema = z.array(portSchema.extend({ host: z.number().int().min(0).max(65_535) })).max(64)
export type AskedPorts = z.infer<typeof askedPortsSchema>

/** Of a run that runs: to publish, and ports of the host to take back. */
export interface WishedPorts {
  readonly publish: AskedPorts
  readonly withdraw: readonly number[]
}
