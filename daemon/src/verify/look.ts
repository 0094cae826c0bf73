/** Looks at a project from inside a layer, and names its test command for `--check auto`. */
import type { RunInside } from '../runs/throw-away.ts'
import type { RunRow } from '../runs/ledger.ts'
import { detect, type Check } from './detect.ts'
import type { Ecosystem } from './ecosystem.ts'
import { listingCommand, listingOf, type Listing } from './listing.ts'

/** More than this no project has in manifests; the look ends itself after a while, whatever it meets. */
const LISTING_MAX_BYTES = 8 * 1024 * 1024
const PATIENCE_MS = 20_000
/** The system's own tools, not those of the project. */
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' }

export async function look(run: RunInside, project: string, ecosystems: readonly Ecosystem[]): Promise<Listing> {
  const order = { argv: listingCommand(ecosystems), cwd: project, env: ENVIRONMENT, umask: 0o077, net: 'off' as const, stdin: false, timeoutMs: PATIENCE_MS }
  const { output } = await run(order, LISTING_MAX_BYTES)
  return listingOf(output)
}

/** All that is recognised as tests, as one line for a shell at the top of the project; null where there is none. */
export async function recogniseTests(run: RunInside, { project }: Pick<RunRow, 'project'>, ecosystems: readonly Ecosystem[]): Promise<string | null> {
  const tests = detect(await look(run, project, ecosystems), ecosystems).filter(({ kind }) => kind === 'test')
  return tests.length === 0 ? null : tests.map(lineOf).join(' && ')
}

function lineOf({ folder, command }: Check): string {
  const words = command.join(' ')
  return folder === '.' ? words : `(cd '${folder.replaceAll("'", "'\\''")}' && ${words})`
}
