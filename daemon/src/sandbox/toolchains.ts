/** Which parts of the home a command needs to find its programs: PATH entries below it, and what those belong to. */
import { readdirSync, realpathSync, statSync } from 'node:fs'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { isInside } from '../base/project.ts'

/** A PATH entry (relative to the home) and the folders that make its programs work. Credential files stay outside. */
const ROOTS: readonly (readonly [entry: RegExp, folders: readonly string[]])[] = [
  [/^\.nvm\/versions\/node\/[^/]+/, ['$&']],
  [/^\.cargo\/bin$/, ['.cargo/bin', '.rustup']],
  [/^\.local\/bin$/, ['.local/bin', '.local/lib', '.local/share/pipx', '.local/share/uv', '.local/share/claude']],
  [/^\.local\/share\/(mise|fnm|rtx|uv|pipx)(?=\/)/, ['$&']],
  [/^\.(pyenv|rbenv|nodenv|goenv|jenv|asdf|volta|bun|deno|nodebrew|ghcup|juliaup|npm-global)(?=\/)/, ['$&']],
  [/^\.sdkman\/candidates\/[^/]+/, ['$&']],
  // What `npm install` puts there are links to the packages beside.
  [/^.+\/node_modules(?=\/\.bin$)/, ['$&']],
  [/^(mini|ana)conda[23]?(?=\/)|^(mini|mamba)forge3?(?=\/)|^micromamba(?=\/)/, ['$&']],
]

/** Nobody's programs, whoever put them on the PATH. */
const NEVER = /^\.(ssh|gnupg|aws|azure|kube|password-store)(\/|$)/

/**
 * Absolute folders to show read-only. Never the home itself or what lies above it, however it is written (`~/`, `~/bin/..`)
 * and wherever a link leads; nothing inside the project, nothing that holds the project.
 */
export function toolchainsIn(path: string, userHome: string, project: string): string[] {
  const entries = placesIn(path).filter((entry) => entry !== userHome && isInside(entry, userHome) && !NEVER.test(relative(userHome, entry)))
  const folders = new Set(entries.flatMap((entry) => foldersOf(relative(userHome, entry))).map((folder) => join(userHome, folder)))
  const home = realOf(userHome) ?? userHome
  return [...folders].filter((folder) => {
    const real = realOf(folder)
    return real !== undefined && !isInside(home, real) && !NEVER.test(relative(home, real)) && !isInside(folder, project) && !isInside(project, folder) && isFolder(folder)
  })
}

/** The absolute entries of a PATH, each written in the one way. */
export function placesIn(path: string): string[] {
  return path.split(':').filter((entry) => isAbsolute(entry)).map((entry) => resolve(entry))
}

/** What may be lent to nobody although a tool keeps it beside its programs: npm's global settings, uv's and conda's tokens. */
const CREDENTIALS = /^(\.?npmrc|\.?condarc|\.?pypirc|pip\.(conf|ini)|[._]netrc|\.git-credentials|\.?credentials(\.\w+)?|auth\.\w+|\.?tokens?(\.\w+)?|\.?secrets?(\.\w+)?|\.env(\.\w+)?|.+\.(pem|key|p12|pfx|keystore))$/i

/** Files and folders to hide in what is shown of the home: at its top, and where settings usually lie. */
export function credentialsIn(folders: readonly string[]): string[] {
  return folders.flatMap((folder) => [folder, join(folder, 'etc')]).flatMap((folder) => namesIn(folder).filter((name) => CREDENTIALS.test(name)).map((name) => join(folder, name)).filter((path) => !isProgram(path)))
}

function isProgram(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found !== undefined && !found.isDirectory() && (found.mode & 0o111) !== 0
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // not there, or closed: closed inside as well
  }
}

function foldersOf(entry: string): string[] {
  for (const [pattern, folders] of ROOTS) {
    const match = pattern.exec(entry)
    if (match) return folders.map((folder) => folder.replace('$&', match[0]))
  }
  // Unknown: the programs themselves, never their surroundings (~/work/bin must not show ~/work).
  return [entry]
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined // a PATH entry that does not exist helps nobody inside either
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false // a PATH entry that does not exist, or may not be read, helps nobody inside either
  }
}
