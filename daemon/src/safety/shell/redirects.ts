/** `>`, `<`, `<<`, `<<<`: what a command reads and where its output goes. */
import type { Redirection } from 'unbash'
import { isInside } from '../place.ts'
import { ANYTHING, flowOf, GLOB, isKnown, isSecret, NOTHING, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { expandParts, expandText, expandWord, type Substitute } from './expand.ts'
import type { Result } from './result.ts'
import { runLater } from './later.ts'
import type { Shell } from './shell.ts'

export function redirected(redirects: readonly Redirection[], shell: Shell, stdin: Flow, run: (stdin: Flow) => Result, substitute: Substitute): Result {
  let flow = stdin
  const targets: string[] = []
  let isElsewhere = false
  for (const redirect of redirects) {
    if (redirect.type === 'HereDoc') {
      if (redirect.closing === undefined) shell.does('unknown', 'unknown', { target: 'a here-document without an end', certainty: 'assumed' })
      flow = flowOf(redirect.body.parts === undefined ? redirect.body.text : expandParts(redirect.body.parts, shell, substitute))
      continue
    }
    if (redirect.type === 'HereString') {
      flow = flowOf(`${expandText(redirect.target, shell, substitute)}\n`)
      continue
    }
    const descriptor = redirect.descriptor?.type === 'FileDescriptor' ? redirect.descriptor.value : undefined
    const target = redirect.target === undefined ? ANYTHING : (expandWord(redirect.target, shell, substitute)[0] ?? ANYTHING)
    if (redirect.operator === '<') {
      flow = readFrom(target, shell)
      continue
    }
    if ((redirect.operator === '>&' || redirect.operator === '<&') && /^(\d+-?|-)$/.test(target)) {
      if (redirect.operator === '<&' || (descriptor ?? 1) === 1) isElsewhere ||= redirect.operator === '>&' && target === '-'
      continue
    }
    if (isNetwork(target)) {
      shell.does(/^(ba|z|k|da)?sh$/.test(shell.program) || redirect.operator === '<>' ? 'backdoor' : 'net.out', 'remote', { target })
      if (redirect.operator === '<>') flow = { ...UNKNOWN_FLOW, isDownloaded: true }
      targets.push(target)
      isElsewhere = true
      continue
    }
    if (redirect.operator === '<>') { flow = readFrom(target, shell); continue }
    targets.push(target)
    if (descriptor === undefined || descriptor === 1 || redirect.operator === '&>') isElsewhere = true
  }
  const result = run(flow)
  if (isElsewhere) for (const target of targets) exposes(result.out, target, shell)
  for (const target of targets) writeTo(target, isElsewhere ? result.out : UNKNOWN_FLOW, shell, redirects.some((one) => one.type === 'Redirect' && one.operator.includes('>>')))
  return isElsewhere ? { ...result, out: NOTHING } : result
}

/** A credential that is put into a file like any other: nobody guards it there, and the next commit may take it along. */
function exposes({ isSecret, isEnvironment, origin }: Flow, target: string, shell: Shell): void {
  if (!isSecret || isEnvironment === true || isNetwork(target)) return
  const to = shell.place(target)
  const from = origin === undefined ? undefined : shell.place(origin.target)
  const isOwn = from?.isSecret === true && from.scope === 'project'
  if (to.scope === 'project' && !to.isSecret && !isOwn) shell.does('secret.read', 'secret', { target: to.path, note: 'puts a credential into a file that nobody guards' })
}

/** A file's content, as far as we have seen it written or know what it is. */
export function readFrom(path: string, shell: Shell): Flow {
  if (isNetwork(path)) {
    shell.does('net.out', 'none', { target: path })
    return { ...UNKNOWN_FLOW, isDownloaded: true }
  }
  const place = shell.place(path)
  const written = shell.files.get(place.path)
  if (written) return written
  if (place.scope === 'device') {
    shell.touch('fs.read', path)
    return UNKNOWN_FLOW
  }
  return { ...UNKNOWN_FLOW, isSecret: place.isSecret || isSecret(path), ...(place.path === '/dev/null' ? { text: '' } : {}) }
}

export function writeTo(path: string, flow: Flow, shell: Shell, isAppended = false): void {
  if (isNetwork(path)) {
    if (flow.isSecret) shell.does('secret.send', 'remote', { target: path })
    return
  }
  const place = shell.place(path)
  if (path.startsWith('/dev/fd/')) return
  shell.touch(kindOf(path, shell), path, { amount: 'one' })
  if (place.scope === 'startup' && flow.isDownloaded) shell.does('exec.remote', shell.isRoot || isInside(place.path, '/etc') ? 'vital' : 'remote', { target: place.path, note: 'what was downloaded will run by itself later' })
  if (!path.includes(GLOB) && isKnown(path)) {
    const before = isAppended ? shell.files.get(place.path) : undefined
    shell.files.set(place.path, before?.text !== undefined && flow.text !== undefined ? flowOf(before.text + flow.text) : flow)
  }
  if (place.scope === 'startup' && flow.text !== undefined && flow.text.length < 4096) runLater(flow.text, shell, isInside(place.path, '/etc'))
}

/** What is written into a place that lets people in, or that runs by itself, is more than a file. */
function kindOf(path: string, shell: Shell): 'fs.write' | 'backdoor' | 'persistence' | 'security.off' {
  const place = shell.place(path)
  if (shell.where !== 'host' && place.scope !== 'startup' && place.scope !== 'vital') return 'fs.write'
  if (/\/\.ssh\/authorized_keys2?$|^\/etc\/(ld\.so\.preload|sudoers(\.d\/.*)?|passwd|shadow|group|pam\.d\/.*)$|\/\.rhosts$|hosts\.equiv$/.test(place.path)) return 'backdoor'
  if (/^\/proc\/sys\/kernel\/(randomize_va_space|core_pattern|modprobe|yama)/.test(place.path) || /^\/selinux\/enforce|^\/sys\/fs\/(selinux|cgroup\/.*release_agent)/.test(place.path)) return 'security.off'
  if (place.scope === 'startup') return 'persistence'
  if (place.scope === 'vcs' && /\/\.git\/hooks\//.test(place.path)) return 'persistence'
  return 'fs.write'
}

function isNetwork(path: string): boolean {
  return /^\/dev\/(tcp|udp)\//.test(path)
}
