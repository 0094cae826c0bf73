/**
 * The private home of an agent: kept below the state folder from run to run, with its login, its settings and its
 * transcripts; the person's own home is never shown. It is no part of any change set.
 * Always true here: whoever ran in that home may have left anything, links to the host among it, and may be at work there
 * now. So it is walked from folder to folder, never through a link, and nothing that is there is written.
 */
import { closeSync, constants, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Agent } from './agent.ts'

export function homeOf(state: string, name: string): string {
  return join(state, 'agents', name, 'home')
}

/** What is there already is the agent's own, and stays. */
export function furnishHome(state: string, { name, home }: Pick<Agent, 'name' | 'home'>): string {
  const folder = homeOf(state, name)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const [path, text] of Object.entries(home)) unlessInTheWay(() => put(folder, path.split('/'), text))
  return folder
}

function put(folder: string, [name = '', ...rest]: readonly string[], text: string): void {
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  // Node has no openat: by the descriptor the name is that of this very folder, whatever takes its place meanwhile.
  const here = `/proc/self/fd/${descriptor}/${name}`
  try {
    // `wx` follows no link either.
    if (rest.length === 0) return writeFileSync(here, text, { mode: 0o600, flag: 'wx' })
    unlessInTheWay(() => mkdirSync(here, { mode: 0o700 }))
    put(here, rest, text)
  } finally {
    closeSync(descriptor)
  }
}

const IN_THE_WAY = new Set(['EEXIST', 'ELOOP', 'ENOTDIR', 'EACCES'])

function unlessInTheWay(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && IN_THE_WAY.has(String(error.code)))) throw error
  }
}
