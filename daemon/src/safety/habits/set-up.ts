/**
 * Programs that print what sets a shell up, to be read by `eval "$(…)"`: nobody knows the text beforehand, yet all of it
 * is variables, functions and hooks of this shell.
 */
const SHELL = '(bash|zsh|fish|sh|posix|powershell|pwsh|nu|elvish)'
const SET_UP: readonly (readonly [program: RegExp, words: RegExp])[] = [
  [/^ssh-agent$/, /^(-[sc]|-t \S+|-a \S+| )*$/],
  [/^brew$/, /^shellenv\b/],
  [/^(direnv|atuin|mcfly|navi|starship|oh-my-posh|zoxide|mise|rtx|thefuck|scmpuff|broot|volta|pkgx|devbox)$/, new RegExp(`^(hook|init|activate|print-shell-config|--alias|shellenv|global shellenv)( ${SHELL}|$)`)],
  [/^(pyenv|rbenv|nodenv|goenv|jenv|phpenv|plenv|swiftenv)$/, /^(virtualenv-)?init( -|$)/],
  [/^fnm$/, /^env\b/], [/^opam$/, /^env\b/], [/^(conda|mamba|micromamba)$/, new RegExp(`^shell(\\.${SHELL} hook| hook)`)],
  [/^(dircolors|lesspipe|lesspipe\.sh)$/, /^(-b|-c|--sh)?$/], [/^keychain$/, /(^| )--eval\b/],
  [/^(minikube|docker-machine|colima)$/, /^(-p \S+ )?(docker-env|podman-env|env)\b/],
  [/^(kubectl|helm|gh|glab|docker|rustup|deno|npm|pnpm|just|uv|poetry|terraform|argocd|flux|kind|k3d)$/, new RegExp(`^completions?( -s)?( ${SHELL}|$)`)],
  [/^register-python-argcomplete3?$/, /./], [/^luarocks$/, /^path\b/],
]

/** As an assignment, for that is what it amounts to. */
export function setUpText(name: string, words: readonly string[]): string | undefined {
  const line = words.join(' ')
  return SET_UP.some(([program, own]) => program.test(name) && own.test(line)) ? `export SET_UP_BY=${name}\n` : undefined
}
