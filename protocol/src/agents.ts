/** Agents of others made safe: one agent, its whole work in one layer, one review at the end. */
import { z } from 'zod'
import { netSchema } from './network.ts'
import { runRequestSchema, runSchema, type Run } from './runs.ts'
import { procedure, router, type Actor } from './trpc.ts'

export const agentSchema = z.object({
  name: z.string(),
  title: z.string(),
  program: z.string(),
  /** Absolute path where the caller's PATH has it; null: not there. */
  found: z.string().nullable(),
  /** How to get it, as a command line; absent for an agent from the settings. */
  install: z.string().optional(),
  /** What it may reach without being asked, as rules of the network. */
  hosts: z.array(z.string()),
  /** Variables of the caller's that are its own: they go with it, and are stored nowhere. */
  keys: z.array(z.string()),
  /** Its private home, kept from run to run. */
  home: z.string(),
})
export type AgentInfo = z.infer<typeof agentSchema>

const agentListSchema = z.object({ cwd: z.string(), project: z.string().optional(), path: z.string() })
export type AgentListRequest = z.infer<typeof agentListSchema>

/** As a run, but its command is made by Nexus from the agent's name and its words. */
export const agentRequestSchema = runRequestSchema.omit({ command: true, net: true, agent: true }).extend({
  agent: z.string(),
  args: z.array(z.string()).default([]),
  /** What it may reach besides its own endpoints; `off` and `on` replace those. */
  net: netSchema.optional(),
})
export type AgentRequest = z.infer<typeof agentRequestSchema>

export interface AgentsService {
  list(request: AgentListRequest): AgentInfo[]
  start(request: AgentRequest, actor: Actor): Promise<Run>
}

export const agentsRouter = router({
  list: procedure.input(agentListSchema).output(z.object({ agents: z.array(agentSchema) })).query(({ ctx, input }) => ({ agents: ctx.agents.list(input) })),
  start: procedure.input(agentRequestSchema).output(z.object({ run: runSchema })).mutation(async ({ ctx, input }) => ({ run: await ctx.agents.start(input, ctx.actor) })),
})
