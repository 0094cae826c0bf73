/** What a reviewer must know about a changed path before saying yes. */
import type { ChangeFlag, ChangeKind, Signature } from '@nexus/protocol/changes'
import { fromBytes } from '@nexus/protocol/bytes'
import { fromText, type BytePath } from './byte-path.ts'
import { isSpecial } from './seen.ts'

export function flagsOf(path: BytePath, project: string, kind: ChangeKind, before: Signature | undefined, after: Signature | undefined): ChangeFlag[] {
  const flags: ChangeFlag[] = []
  const names = path.split('/')
  if (names.includes('.git')) flags.push('git-internal')
  if (names[0] === '.nexus') flags.push('nexus-settings')
  if (runsByItself(path, names, after ?? before)) flags.push('auto-exec')
  if (after?.type === 'file' && (Number.parseInt(after.mode, 8) & 0o6000) !== 0) flags.push('setuid')
  if ((before && isSpecial(before.type)) || (after && isSpecial(after.type))) flags.push('special')
  if (kind !== 'deleted' && after?.linkTarget !== undefined && leadsOutside(path, project, fromBytes(after.linkTarget).toString('latin1'))) flags.push('outside-symlink')
  return flags
}

/** Files that some program runs, or takes commands from, without being asked. Below any directory, except dependencies. */
const AUTO_EXEC_PATHS: readonly RegExp[] = [
  /(^|\/)\.git\/(.*\/)?hooks\/(?!.*\.sample$).+/,
  /(^|\/)\.git\/(modules\/.+\/)?config(\.worktree)?$/,
  /(^|\/)\.gitmodules$/,
  /(^|\/)\.(envrc|npmrc|yarnrc|yarnrc\.yml|pnpmfile\.cjs|pre-commit-config\.yaml|gitlab-ci\.yml|travis\.yml|drone\.yml|mcp\.json)$/,
  /(^|\/)(Jenkinsfile|azure-pipelines\.yml|bitbucket-pipelines\.yml|lefthook\.yml|\.lefthook\.yml|\.mise\.toml|mise\.toml)$/,
  /(^|\/)\.github\/(workflows|actions)\/.+/,
  /(^|\/)\.(circleci|buildkite|woodpecker|husky|devcontainer|yarn\/plugins|yarn\/releases)\/.+/,
  /(^|\/)\.vscode\/(tasks|settings|launch|extensions)\.json$/,
  /(^|\/)\.claude\/(settings(\.local)?\.json|hooks\/.+)$/,
]

/** A link in the place of such a directory puts everything behind it there. */
const AUTO_EXEC_FOLDERS = new Set(['.git', 'hooks', '.github', 'workflows', '.husky', '.vscode', '.circleci', '.devcontainer', '.buildkite', '.woodpecker', '.claude'])

function runsByItself(path: BytePath, names: readonly string[], signature: Signature | undefined): boolean {
  if (signature?.type === 'directory') return false
  const isDependency = names.includes('node_modules') && !names.includes('.git')
  if (isDependency) return false
  if (signature?.type === 'symlink' && AUTO_EXEC_FOLDERS.has(names.at(-1) ?? '')) return true
  // A `.git` file points a whole repository somewhere else.
  if (names.at(-1) === '.git') return true
  return AUTO_EXEC_PATHS.some((pattern) => pattern.test(path))
}

/** By its text alone: nothing is followed. */
function leadsOutside(path: BytePath, project: string, target: string): boolean {
  const top = fromText(project)
  if (target.startsWith('/')) return target !== top && !(target.startsWith(`${top}/`) && stays(target.slice(top.length + 1).split('/')))
  return !stays([...path.split('/').slice(0, -1), ...target.split('/')])
}

function stays(names: readonly string[]): boolean {
  let depth = 0
  for (const name of names) {
    if (name === '' || name === '.') continue
    depth += name === '..' ? -1 : 1
    if (depth < 0) return false
  }
  return true
}
