/** Agents from the settings: a program, the words that keep it from asking, where it must reach, which keys are its own. */
import type { EffectiveSettings } from '@nexus/protocol/settings'
import type { Agent } from './agent.ts'

export function addedAgents({ agents }: Pick<EffectiveSettings, 'agents'>): Agent[] {
  return Object.entries(agents).map(([name, { command: [program = name, ...words], hosts, keys }]) => ({
    name, title: name, program, words: (args) => [...words, ...args], env: {}, hosts, keys, home: {},
  }))
}
