/** Variables that a caller hands to one run beyond those that every run gets. Their values are never stored; the names are. */
import { z } from 'zod'
import { VARIABLE_NAME } from './variable-name.ts'

/** What decides where programs and the private home are is not handed. */
const KEPT_BACK = ['PATH', 'HOME']

const name = z.string().regex(VARIABLE_NAME).refine((given) => !KEPT_BACK.includes(given), 'cannot be handed to a run')
const value = z.string().max(128 * 1024).refine((text) => !text.includes('\0'))

export const handedSchema = z.object({
  /** Taken out of the output where they are long enough to be told from ordinary words. */
  env: z.record(name, value),
  /** Keys for one host each: put into the requests outside, so that the run never holds them. Without a value: one that Nexus keeps. */
  keys: z.array(z.object({ name, rule: z.string(), header: z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/).optional(), value: value.refine((text) => text.length >= 4 && /^[!-~]+$/.test(text), 'is no key').optional() })).max(20).default([]),
  /** Always taken out of the output. */
  secrets: z.record(name, value.refine((text) => text.length >= 4, 'is too short to be kept out of the output')),
  /** Secrets that Nexus keeps. */
  kept: z.array(name).max(100).default([]),
})
export type Handed = z.infer<typeof handedSchema>
export type HandedInput = z.input<typeof handedSchema>
