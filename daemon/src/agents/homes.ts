/**
 * The private home of an agent: kept below the state folder from run to run, with its login, its settings and its
 * transcripts; the person's own home is never shown. It is no part of any change set.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Agent } from './agent.ts'

export function homeOf(state: string, name: string): string {
  return join(state, 'agents', name, 'home')
}

/** What is there already is the agent's own, and stays. */
export function furnishHome(state: string, { name, home }: Pick<Agent, 'name' | 'home'>): string {
  const folder = homeOf(state, name)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const [path, text] of Object.entries(home)) {
    const file = join(folder, path)
    if (existsSync(file)) continue
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' })
  }
  return folder
}
