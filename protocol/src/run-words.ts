/** The words of a run's record: its stations, its ends, its walls, what it used. */
import { z } from 'zod'
import { bytesSchema } from './changes.ts'

export const runStatusSchema = z.enum([
  'queued', 'waiting', 'running', 'unchanged', 'kept', 'applying', 'applied', 'rolling-back', 'rolled-back', 'discarded', 'refused', 'stale', 'failed',
])
export type RunStatus = z.infer<typeof runStatusSchema>

export const endReasonSchema = z.enum(['killed', 'timed-out', 'daemon-died', 'launcher-failed', 'unmapped-owner', 'seal-failed', 'denied', 'interrupted', 'stuck', 'limit'])
export type EndReason = z.infer<typeof endReasonSchema>

export const strengthSchema = z.enum(['full', 'reduced', 'weak'])
export type Strength = z.infer<typeof strengthSchema>
export const backendSchema = z.enum(['overlay', 'copy'])
export type Backend = z.infer<typeof backendSchema>

/** One wall of the sandbox: is it up in this run, and if not, why, and what would raise it. */
export const wallSchema = z.object({ name: z.string(), up: z.boolean(), required: z.boolean(), cause: z.string().optional(), fix: z.string().optional() })
export type Wall = z.infer<typeof wallSchema>

export const usageSchema = z.object({ userMs: z.number(), systemMs: z.number(), maxRssBytes: z.number() })
export type Usage = z.infer<typeof usageSchema>

export const checkSchema = z.object({ command: z.string(), exitCode: z.number().nullable(), signal: z.string().nullable(), durationMs: z.number(), output: bytesSchema })
export type Check = z.infer<typeof checkSchema>

/** The limit that ended a run: bytes, processes or milliseconds. */
export const breachSchema = z.object({ limit: z.enum(['memory', 'processes', 'time', 'disk', 'files', 'space']), allowed: z.number(), amount: z.number() })
export type Breach = z.infer<typeof breachSchema>

export const runFlagSchema = z.enum(['host-network', 'copy-backend'])
export type RunFlag = z.infer<typeof runFlagSchema>
