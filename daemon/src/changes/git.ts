/** What this room knows of git: its own folders move as one, and an index alone says nothing. */
import type { ChangeFlag, ChangeKind } from '@nexus/protocol/changes'
import { repositoryOf as repositoryOfKey } from '@nexus/protocol/repository'
import type { BytePath } from './byte-path.ts'

/** The `.git` that a path belongs to, null outside any. */
export function repositoryOf(path: BytePath): BytePath | null {
  return repositoryOfKey(path) as BytePath | null
}

interface InRepository {
  readonly path: BytePath
  readonly kind: ChangeKind
  readonly flags: ReadonlySet<ChangeFlag>
}

/** `git status` rewrites the index; where nothing else of the repository changed, that is not a change. */
export function withoutLoneIndex<Entry extends InRepository>(entries: readonly Entry[]): Entry[] {
  const others = new Set<BytePath>()
  const isIndex = ({ path, kind }: Entry, repository: BytePath) => path === `${repository}/index` && (kind === 'modified' || kind === 'meta')
  for (const entry of entries) {
    const repository = repositoryOf(entry.path)
    if (repository !== null && !isIndex(entry, repository)) others.add(repository)
  }
  return entries.filter((entry) => {
    const repository = repositoryOf(entry.path)
    return repository === null || others.has(repository) || !isIndex(entry, repository)
  })
}
