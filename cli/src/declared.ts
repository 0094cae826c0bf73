/** Names of variables that the settings hand to every run here. Asked of the daemon only where a settings file is. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text, type Invocation } from './command.ts'

export async function declaredNames(invocation: Invocation): Promise<readonly string[]> {
  const { client, home, cwd } = invocation
  const [project, elsewhere] = ['project', 'cwd'].map((name) => text(invocation, name))
  const here = elsewhere ?? project ?? cwd
  if (![join(home.config, 'config.yaml'), '/etc/nexus/settings.yaml', ...above(here).map((folder) => join(folder, '.nexus/settings.yaml'))].some((path) => existsSync(path))) return []
  return (await client.settings.show.query({ cwd: here, ...(project === undefined ? {} : { project }) })).environment
}

function above(folder: string): string[] {
  const next = dirname(folder)
  return next === folder ? [folder] : [folder, ...above(next)]
}
