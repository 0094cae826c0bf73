/**
 * Files that some program runs, or takes commands from, without being asked: by name, below any directory, except
 * dependencies. A source file that a person then builds or tests is none of them: it is theirs to read.
 */
import type { Signature } from '@nexus/protocol/changes'
import type { BytePath } from './byte-path.ts'

/** Data: add a line, with an example in changes.test.ts. */
const PATHS: readonly RegExp[] = [
  // Repositories: hooks, what configuration names, where else it is read from, and commands of a rebase that goes on.
  /(^|\/)\.git\/(.*\/)?hooks\/(?!.*\.sample$).+/,
  /(^|\/)\.git\/((modules|worktrees)\/.+\/)?(config(\.worktree)?|commondir|info\/attributes)$/,
  /(^|\/)\.git\/(.+\/)?rebase-(merge|apply)\/git-rebase-todo(\.backup)?$/,
  /(^|\/)(\.gitmodules|\.gitattributes|\.hg\/hgrc(-not-shared)?|\.pijul\/config|\.jj\/repo\/config\.toml|\.sl\/config|_darcs\/prefs\/defaults)$/,
  /(^|\/)\.(husky|githooks|git-hooks|lefthook)\/.+/,
  /(^|\/)(\.pre-commit-config\.ya?ml|\.?lefthook(-local)?\.(ya?ml|toml|json)|\.overcommit\.yml|\.simple-git-hooks\.(c|m)?js(on)?|\.lintstagedrc[^/]*|lint-staged\.config\.[^/]+)$/,
  // Shells and what they load on entering a folder.
  /(^|\/)\.(envrc|autoenv(\.(zsh|enter|leave))?|tool-versions)$/,
  /(^|\/)(\.?mise(\.[\w-]+)?\.toml|\.(config\/)?mise\/(.+\/)?[^/]+\.toml|\.rtx\.toml)$/,
  /(^|\/)\.(bashrc|bash_profile|bash_login|bash_logout|bash_aliases|profile|zshrc|zshenv|zprofile|zlogin|kshrc|cshrc|tcshrc|login|inputrc|tmux\.conf|xinitrc|xprofile|xsession|ssh\/(authorized_keys2?|rc|config))$/,
  /(^|\/)\.config\/(fish|autostart|systemd\/user)\/.+/,
  // Package managers and build tools.
  /(^|\/)(\.(npmrc|yarnrc|yarnrc\.yml|pnpmfile\.(c|m)?js|pnp\.(c|m)?js|pnp\.loader\.mjs|bazelrc|buckconfig|cargo\/config(\.toml)?|bundle\/config|mvn\/.+)|pnpm-workspace\.yaml|bunfig\.toml|rust-toolchain(\.toml)?|gradle\/wrapper\/.+|gradle\.properties)$/,
  // What npm, pnpm and servers of build tools run for what is called so.
  /(^|\/)(binding\.gyp|package\.(yaml|json5)|\.(sbtopts|jvmopts)|\.bsp\/[^/]+\.json)$/,
  /(^|\/)\.yarn\/(plugins|releases|sdks)\/.+/,
  // Interpreters and debuggers.
  /(^|\/)((site|user)customize\.py|\.(gdbinit|lldbinit|irbrc|pryrc|rdbgrc|byebugrc|iex\.exs|ghci|Rprofile|Renviron|ocamlinit|perldb|pdbrc|octaverc|erlang)|\.?pylintrc)$/,
  // Editors and agents.
  /(^|\/)\.(vscode|theia)\/(tasks|settings|launch|extensions|mcp|c_cpp_properties|cmake-kits)\.json$/,
  /(^|\/)(\.vs\/(tasks|launch)\.vs\.json|\.externalToolBuilders\/.+|\.helix\/(config|languages)\.toml|\.?rust-analyzer\.toml|\.lazy\.lua|\.lite_project\.lua)$/,
  /(^|\/)([^/]+\.(code-workspace|sublime-project)|\.(exrc|vimrc|gvimrc|lvimrc|nvimrc|nvim\.lua|dir-locals(-2)?\.el|ycm_extra_conf\.py)|_vimrc)$/,
  /(^|\/)(\.idea\/(runConfigurations\/.+|(workspace|watcherTasks|externalDependencies|tools\/.+)\.xml)|\.run\/.+\.xml|\.zed\/(tasks|settings|debug)\.json|\.fleet\/.+\.json)$/,
  /(^|\/)\.claude\/(settings(\.local)?\.json|(hooks|commands|agents|skills|plugins)\/.+)$/,
  /(^|\/)(\.?mcp\.json|\.(cursor|gemini|codex|windsurf|roo|kiro|continue|opencode|amazonq|qwen|crush|goose|copilot|qoder|trae|junie|augment)\/(.+\/)?[^/]+\.(json|jsonc|toml|ya?ml|sh|js|ts)|opencode\.jsonc?|\.?crush\.json|\.aider\.conf\.yml)$/,
  // What runs on a server, or in a container, as soon as it is pushed or opened.
  /(^|\/)\.(github|gitea|forgejo)\/(workflows|actions)\/.+|(^|\/)action\.ya?ml$/,
  /(^|\/)\.(circleci|buildkite|woodpecker|devcontainer|gitlab\/ci|azure-pipelines|teamcity|tekton|semaphore|codesandbox)\/.+/,
  /(^|\/)\.(gitlab-ci\.yml|travis\.yml|drone\.(yml|star|jsonnet)|woodpecker\.ya?ml|cirrus\.(yml|star)|appveyor\.yml|gitpod\.yml|replit|devcontainer\.json|idx\/dev\.nix)$/,
  /(^|\/)(Jenkinsfile(\.[^/]+)?|azure-pipelines[^/]*\.ya?ml|bitbucket-pipelines\.yml|appveyor\.yml|buildspec\.ya?ml|cloudbuild\.ya?ml|codemagic\.yaml)$/,
]

/** As one, which is asked of every path: a third of the time of one after another. */
const ANY = new RegExp(PATHS.map(({ source }) => source).join('|'))

export function runsByItself(path: BytePath, signature: Signature | undefined): boolean {
  if (signature?.type === 'directory') return false
  const names = path.split('/')
  const isDependency = names.includes('node_modules') && !names.includes('.git')
  if (isDependency) return false
  if (signature?.type === 'symlink' && mayBeSuchFolder(names.at(-1) ?? '')) return true
  // A `.git` file points a whole repository somewhere else.
  if (names.at(-1) === '.git') return true
  return ANY.test(path)
}

/** A link in the place of a directory of settings puts everything behind it there. */
function mayBeSuchFolder(name: string): boolean {
  return name.startsWith('.') || name === 'hooks' || name === 'workflows'
}
