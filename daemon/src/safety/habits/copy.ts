/** Bytes from one place to another: files, trees, devices, machines. A credential that is copied away is a credential that is read. */
import { contentOf, has, valuesOf, type Call } from '../call.ts'
import { readFrom, writeTo } from '../shell/redirects.ts'
import type { Shell } from '../shell/shell.ts'
import { GLOB, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { startText } from './wrap.ts'

const REMOTE = /^(?:[\w.-]+@)?([\w.-]+|\[[\da-f:]+\]):(?!\\)|^(rsync|ssh|sftp|s3|gs|ftp):\/\//i

export function isRemote(path: string): boolean {
  return REMOTE.test(path) && !/^[A-Za-z]:[\\/]/.test(path)
}

export function copyRun(call: Call, how: 'copy' | 'move' | 'sync'): Flow {
  const { flags, operands, shell } = call
  if (how === 'sync' && has(flags, '-n', '--dry-run', '--list-only')) return UNKNOWN_FLOW
  for (const option of valuesOf(flags, '-e', '--rsh', '--rsync-path')) startText(option, shell, UNKNOWN_FLOW)
  const target = valuesOf(flags, '-t', '--target-directory').at(-1)
  const to = target ?? operands.at(-1) ?? '.'
  const from = target === undefined ? operands.slice(0, -1) : operands
  const isSecret = from.some((path) => !isRemote(path) && (shell.place(path).isSecret || readFrom(path, shell).isSecret))
  if (isRemote(to)) shell.does(isSecret ? 'secret.send' : 'remote.write', 'remote', { target: to, amount: has(flags, '--delete', '--delete-after', '--del') && /:\/?$/.test(to) ? 'all' : 'one' })
  else writeTarget(call, to, from, isSecret)
  if (call.name === 'install' && valuesOf(flags, '-m', '--mode').some((mode) => /^[2467]\d{3}$|[ug]\+\w*s/.test(mode))) shell.does('backdoor', 'system', { target: to, note: 'lets whoever runs it act as its owner' })
  if (how === 'move') for (const path of from) remove(path, to, shell)
  if (has(flags, '--remove-source-files')) for (const path of from.filter((one) => !isRemote(one))) shell.touch('fs.delete', path, { amount: 'many' })
  return UNKNOWN_FLOW
}

function writeTarget({ flags, shell }: Call, to: string, from: readonly string[], isSecret: boolean): void {
  const only = from.length === 1 && from[0] !== undefined ? readFrom(from[0], shell) : UNKNOWN_FLOW
  if (shell.place(to).path === '/dev/null') return
  writeTo(to, { ...only, isSecret, isDownloaded: from.some(isRemote) || only.isDownloaded }, shell)
  if (has(flags, '--delete', '--delete-after', '--delete-before', '--delete-during', '--delete-excluded', '--del')) shell.touch('fs.delete', to, { amount: 'many' })
  const { scope } = shell.place(to)
  // Inside the project a copy of its own credential shows nobody anything.
  const isOwn = from.every((path) => shell.place(path).scope === 'project') && scope === 'project'
  if (isSecret && !isOwn) shell.does('secret.read', 'secret', { target: from.join(' '), note: 'copies a credential to another place' })
}

/** What is moved away is gone where it was. */
function remove(path: string, to: string, shell: Shell): void {
  const { scope, isWhole } = shell.place(path)
  const into = shell.place(to).scope
  if (shell.place(to).path === '/dev/null') shell.touch('fs.delete', path, { amount: 'many' })
  else if (scope !== 'project' && scope !== 'build' && scope !== 'temp') shell.touch('fs.delete', path, { amount: isWhole ? 'all' : 'one' })
  else if (scope === 'project' && into !== 'project' && into !== 'build') shell.does('fs.delete', 'project', { amount: 'many', target: shell.path(path), note: `moves ${path} out of the project` })
  else if (path.includes(GLOB) && isWhole) shell.touch('fs.write', path, { amount: 'many' })
}

export function ddRun({ words, shell, stdin }: Call): Flow {
  const option = (name: string) => words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)
  const [from, to] = [option('if'), option('of')]
  let flow = stdin
  if (from !== undefined) {
    const { scope, path } = shell.place(from)
    if (scope === 'device') shell.does('device', 'device', { amount: 'one', target: path, note: `reads the device ${path} itself` })
    flow = readFrom(from, shell)
  }
  if (to === undefined) return flow
  writeTo(to, flow, shell)
  return UNKNOWN_FLOW
}

export function teeRun(call: Call): Flow {
  const { operands, stdin, shell, flags } = call
  for (const path of operands) writeTo(path, stdin, shell, has(flags, '-a', '--append'))
  return contentOf([], call)
}
