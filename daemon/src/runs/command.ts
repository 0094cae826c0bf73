/** What is really executed for the words that the caller gave. */
import { accessSync, constants } from 'node:fs'

/** One single word is a shell line, for bash where it exists, else sh; without profile files. */
export function argvOf(command: readonly string[]): string[] {
  const [line] = command
  if (command.length !== 1 || line === undefined) return [...command]
  return [...shell(), '-c', line]
}

export function interactiveShell(): string[] {
  const [program = '/bin/sh', ...options] = shell()
  return [program, ...options, '-i']
}

function shell(): string[] {
  for (const path of ['/bin/bash', '/usr/bin/bash']) {
    try {
      accessSync(path, constants.X_OK)
      return [path, '--noprofile', '--norc']
    } catch {
      // Not there: the next one.
    }
  }
  return ['/bin/sh']
}
