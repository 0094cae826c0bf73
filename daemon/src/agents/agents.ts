/**
 * Agents of others made safe. The whole agent runs in one layer, in its own never-ask mode: nothing it does there reaches
 * the host, so nothing it does needs a question; what it did is one change set, for one review.
 * Always true here: an agent sees its own private home and never the person's; it reaches its own endpoints and what the
 * person adds, and nothing else.
 */
import { existsSync, realpathSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import type { AgentInfo, AgentListRequest, AgentRequest, AgentsService } from '@nexus/protocol/agents'
import { Problem } from '@nexus/protocol/problem'
import type { Run, RunRequest } from '@nexus/protocol/runs'
import type { Actor } from '@nexus/protocol/trpc'
import type { Agent } from './agent.ts'
import { askReader, unknown, type ReadDiary } from './diaries.ts'
import { furnishHome, homeOf } from './homes.ts'
import type { DiaryOrder } from './read-diary.ts'

export interface AgentsParts {
  readonly agents: readonly Agent[]
  /** Those that the settings of a place add. Throws Problem where there is no such place. */
  readonly fromSettings: (place: { cwd: string; project?: string | undefined }) => readonly Agent[]
  readonly state: string
  /** The program that reads what agents have written down. */
  readonly reader: string
  /** Later than this room: runs know their agents' homes. */
  readonly start: (request: RunRequest, actor: Actor) => Promise<Run>
}

export class Agents implements AgentsService {
  readonly #parts: AgentsParts

  constructor(parts: AgentsParts) {
    this.#parts = parts
  }

  list(request: AgentListRequest): AgentInfo[] {
    return this.#known(request).map(({ name, title, program, install, hosts, keys }) => ({
      name, title, program, found: placeOf(program, request.path) ?? null, ...(install ? { install: `npm install -g ${install}` } : {}), hosts: [...hosts], keys: [...keys], home: homeOf(this.#parts.state, name),
    }))
  }

  /** Throws Problem: no-agent, agent-not-installed, and what `runs.start` throws. */
  async start({ agent: name, args, net, ...request }: AgentRequest, actor: Actor): Promise<Run> {
    const known = this.#known(request)
    const agent = known.find((one) => one.name === name)
    if (!agent) throw new Problem('no-agent', { agent: name, known: known.map((one) => one.name).join(', ') })
    const program = placeOf(agent.program, request.env.PATH ?? '')
    if (program === undefined) throw new Problem('agent-not-installed', { title: agent.title, program: agent.program, fix: agent.install ? `npm install -g ${agent.install}` : 'install it, or correct its entry in the settings' })
    return this.#parts.start({
      ...request, agent: name, command: [agent.program, ...agent.words(args)], net: netOf(agent, net),
    }, actor)
  }

  /** For the run of an agent: its home, made where it is not there yet, and its variables. */
  around(name: string, project: string): { readonly home: string; readonly env: Readonly<Record<string, string>> } {
    const agent = this.#known({ cwd: project, project }).find((one) => one.name === name)
    return { home: furnishHome(this.#parts.state, agent ?? { name, home: {} }), env: agent?.env ?? {} }
  }

  /** For the record of its run: what it says it did and spent. Never rejects. */
  async workOf(name: string, order: Omit<DiaryOrder, 'agent' | 'home'>, patienceMs?: number): Promise<ReadDiary> {
    const agent = this.#parts.agents.find((one) => one.name === name)
    if (!agent?.diary) return unknown('Nexus does not know where it writes down what it does')
    return askReader(this.#parts.reader, { ...order, agent: name, home: homeOf(this.#parts.state, name) }, patienceMs)
  }

  #known(place: { cwd: string; project?: string | undefined }): Agent[] {
    const added = this.#parts.fromSettings(place)
    return [...this.#parts.agents.filter(({ name }) => !added.some((one) => one.name === name)), ...added]
  }
}

/** `off` and `on` are the whole answer; hosts are added to the agent's own. */
function netOf({ hosts }: Agent, asked: AgentRequest['net']): RunRequest['net'] {
  if (asked === 'off' || asked === 'on') return asked
  const all = [...hosts, ...(asked ?? [])]
  return all.length === 0 ? 'off' : all
}

function placeOf(program: string, path: string): string | undefined {
  const places = isAbsolute(program) ? [program] : path.split(delimiter).filter(isAbsolute).map((folder) => join(folder, program))
  const found = places.find((place) => existsSync(place))
  return found && realpathSync(found)
}
